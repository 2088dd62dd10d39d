// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/models/models.h"

namespace headroom::models {

/// The data that an architecture is published for: pictures of ImageNet, masks of the same size, text of GPT-2, a table. `said` puts
/// other sizes in their place: `outputs`, `side`, `channels`, `features`, `vocabulary`, `context`.
DataShape typicalData(std::string_view architecture, const nlohmann::json& said = nlohmann::json::object());

}  // namespace headroom::models
