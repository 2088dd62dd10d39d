// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/config/run_config.h"
#include "base/graph/graph.h"
#include "base/graph/host_tensor.h"

namespace headroom::train {

/// The weights that a net begins with, by the names of its parameters and buffers; those that are not among them stay as drawn.
using FirstWeights = std::function<std::vector<graph::HostTensor>(const graph::Graph& net)>;

/// What a run takes from the files that `model.file`, `model.weights` and `model.lora.adapter` name; empty where they name none.
struct ModelFile {
    std::shared_ptr<const graph::Graph> graph;
    FirstWeights weights;  ///< empty: all as the seed draws them
};

/// The graph and its weights. Throws as formats::readOnnx().
ModelFile readModelFile(const config::RunConfig& config);

/// All of it for a run that keeps the graph in `document` from its first start on: it goes on with that one, and, from its first
/// checkpoint in `checkpoints` on, with the weights of the newest: then the files may be gone. Throws also DSK-01, `weights` as
/// namedWeights() and readLoraAdapter().
ModelFile modelFileOf(const config::RunConfig& config, const std::filesystem::path& document, const std::filesystem::path& checkpoints);
/// The graph that such a run kept; null where it took no file. Throws RUN-01 where it is missing.
std::shared_ptr<const graph::Graph> keptGraph(const config::RunConfig& config, const std::filesystem::path& document);

}  // namespace headroom::train
