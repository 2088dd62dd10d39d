// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/normalization.h"
#include "base/graph/rewrites/rewrite.h"

namespace headroom::graph {
namespace {

/// BatchNormalization of which nothing is trained: its running statistics stay as well.
std::optional<Replacement> match(const Graph& graph, const Readers&, const Node& norm) {
    if (norm.op != &kBatchNormalization) return std::nullopt;
    const Value& scale = graph.value(norm.inputs[1]);
    const Value& shift = graph.value(norm.inputs[2]);
    if (scale.isTrained() || shift.isTrained()) return std::nullopt;
    if (!scale.frozen && !shift.frozen) return std::nullopt;  // a norm without parameters follows the batch
    return Replacement{{norm.id}, &kFixedBatchNorm, norm.inputs, norm.attributes};
}

}  // namespace

constinit const Rule kFixBatchNorm{"fixed_batch_norm", match};

}  // namespace headroom::graph
