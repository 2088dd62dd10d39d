// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

/// `config.json` beside `model.safetensors`, as Hugging Face's programs read it. Nets in GPT-2's layout are described in full, so that
/// `transformers` opens the folder as a GPT2LMHeadModel; of others the architecture, the input and the labels are said. `naming`: whose
/// names and shapes the weights have ("timm", "torchvision", "Hugging Face"), null where they are the net's own.
nlohmann::json modelConfig(const TrainedModel& trained);

/// models::namingOf() the run's net; empty for a model file.
std::string_view namingOf(const config::RunConfig& config);

}  // namespace headroom::deploy
