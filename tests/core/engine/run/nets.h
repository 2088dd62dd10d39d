// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/models/models.h"
#include "base/plan/program.h"
#include "engine/run/executor.h"

/// The built-in nets with made-up data, for tests of the executor and its bench.
namespace headroom::test {

struct Net {
    std::string name;
    graph::Graph graph;      ///< with its loss, fused for training
    graph::Graph unfused;    ///< the same before the rewrites
    graph::Extents extents;
};

/// "mlp", "cnn", "resnet20", "gpt_mini", "gpt_words" (that with a vocabulary of 8192), or "gpt12" of 12 layers and width
/// 384; `small` shrinks pictures and sequences, not the layers. Other architectures are always as everyNet() has them.
Net makeNet(const std::string& name, std::int64_t batch, bool small, double dropout = 0);

/// With the loss as the only output, made in chunks of rows as memory.chunked_loss has it.
Net withChunkedLoss(Net net);

plan::Program lowered(const Net& net, const graph::Graph& graph, plan::Precision precision,
                      plan::Gradients gradients = plan::Gradients::Absent, plan::Mode mode = plan::Mode::Training);

/// Inputs in the program's element types and in layout, a function of `seed`.
std::vector<at::Tensor> madeUpInputs(const Net& net, const graph::Graph& graph, const plan::Program& program,
                                     std::uint64_t seed = 7);

run::TensorSet initialised(const graph::Graph& graph, std::uint64_t seed = 1,
                           plan::Precision precision = plan::Precision::Fp32);

}  // namespace headroom::test
