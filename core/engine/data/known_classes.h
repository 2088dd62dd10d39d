// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "engine/formats/dataset.h"

namespace headroom::data {

/// Renumbers the labels of pictures and tables to the places of their class names in `known`, which become the classes.
/// Pictures whose classes are mere numbers on one side go by these. Throws DAT-01 that names the labels which are not
/// among them, with the number of their samples.
void renumberLabels(formats::RawDataset& raw, const std::vector<std::string>& known, const std::string& subject);

}  // namespace headroom::data
