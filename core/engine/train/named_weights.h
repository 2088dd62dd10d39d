// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/host_tensor.h"
#include "base/models/weight_names.h"
#include "engine/formats/weight_files.h"

namespace headroom::train {

/// The names that a file of `model.weights_map` says; none for an empty path. Throws as store::readDocument() and
/// models::chosenFromJson().
models::ChosenWeights chosenWeights(const std::filesystem::path& map);

/// Which tensors of the files are which parameters and buffers of `net`, as models::mapWeights(); those of LoRA are not looked for.
models::WeightMap mapWeights(const graph::Graph& net, const formats::WeightFiles& files, const models::ChosenWeights& chosen);

/// Parameters and buffers of `net` from the file or shards that `model.weights` names, found by mapWeights(), in fp32 and in the net's
/// shapes; those of a head for other classes are left out. Throws as formats::WeightFiles; CFG-09
/// where the file lacks others or has them in another shape.
std::vector<graph::HostTensor> namedWeights(const graph::Graph& net, const std::filesystem::path& file, const models::ChosenWeights& chosen);

}  // namespace headroom::train
