// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/config/run_config.h"
#include "base/graph/host_tensor.h"
#include "base/models/lora.h"
#include "engine/train/model.h"

namespace headroom::train {

/// Low-rank updates on their own, in the layout of PEFT (github.com/huggingface/peft): `adapter_model.safetensors` with
/// `base_model.model.<layer>.lora_A.weight` [rank, in] and `.lora_B.weight` [out, rank], the head as `base_model.model.<layer>.*`, and
/// `adapter_config.json`. Layers of GPT-2 lie in its `transformer`, as Hugging Face has them.
struct LoraUpdates {
    std::vector<models::LoraPair> pairs;
    std::vector<NamedTensor> tensors;  ///< A and B as models::withLora() lays them out, and the head's
};

/// The tensors of `lora.adapter` by our names and in our layout. A head that the net does not have, or in another shape, is left out: it is
/// another task's. Throws as formats::WeightFiles; CFG-09 where an update of the net is missing, where the file changes anything else, and where
/// the configuration beside it (`<name>.config.json`, `adapter_config.json`) counts updates otherwise than the run, or is of another kind.
std::vector<graph::HostTensor> readLoraAdapter(const config::RunConfig::Lora& lora, const graph::Graph& net);

/// Writes both files. Throws DSK-01, DSK-02.
void writeLoraAdapter(const std::filesystem::path& folder, const LoraUpdates& updates, const config::RunConfig& config, bool isText);

}  // namespace headroom::train
