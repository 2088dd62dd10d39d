// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "engine/data/table_encoding.h"

namespace headroom::data {

/// {"features", "columns": statistics and places of the features in order of the columns, "target"}.
nlohmann::json toJson(const TableEncoding& encoding);

/// The same from a reference that came with a file. Throws EXP-03 where it is not whole or contradicts itself.
TableEncoding tableEncodingFrom(const nlohmann::json& reference);

}  // namespace headroom::data
