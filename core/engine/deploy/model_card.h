// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

/// README.md of an exported model: what it is, how it was trained, how good it is in which runtime, how to use it.
std::string modelCard(const TrainedModel& trained, const nlohmann::json& report);

}  // namespace headroom::deploy
