// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

/// `config.json` beside `model.safetensors`, as Hugging Face's programs read it. Nets in GPT-2's layout are described in full, so that
/// `transformers` opens the folder as a GPT2LMHeadModel; of others the architecture, the input and the labels are said.
nlohmann::json modelConfig(const TrainedModel& trained);

}  // namespace headroom::deploy
