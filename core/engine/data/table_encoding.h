// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/data/table_source.h"
#include "engine/formats/dataset.h"

namespace headroom::data {

/// How the columns of a table become features, learnt from the training rows:
///   numbers     (value - mean) / deviation; a missing one is the mean, and a column where any is missing gets a second
///               feature that is 1 there
///   categories  one feature each, "missing" being one of them; a category that no training row has gives no feature a 1
///   free text   left out, which `notes` says
struct EncodedTable {
    std::shared_ptr<const TableStore> store;
    nlohmann::json columns;  ///< statistics and places of the features, in order of the columns
    nlohmann::json target;
    std::vector<std::string> notes;
};

/// Throws DAT-05 where no column can be used.
EncodedTable encode(const formats::RawTable& raw, std::span<const std::int64_t> training);

}  // namespace headroom::data
