// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/rewrites/rewrite.h"

namespace headroom::graph {
namespace {

/// Relu of a sum of two equal shapes, one of them a BatchNormalization (the first, where both are); neither the sum nor
/// that norm has another reader.
std::optional<Replacement> match(const Graph& graph, const Readers& readers, const Node& relu) {
    if (relu.op != &kRelu) return std::nullopt;
    const Node* add = readers.onlyFor(relu.inputs[0], kAdd);
    if (!add || graph.value(add->inputs[0]).type != graph.value(add->inputs[1]).type) return std::nullopt;
    for (std::size_t branch = 0; branch < 2; ++branch) {
        const Node* norm = readers.onlyFor(add->inputs[branch], kBatchNormalization);
        if (!norm) continue;
        std::vector<ValueId> inputs = norm->inputs;
        inputs.push_back(add->inputs[1 - branch]);
        return Replacement{{relu.id, add->id, norm->id}, &kBatchNormAddRelu, std::move(inputs), norm->attributes};
    }
    return std::nullopt;
}

}  // namespace

constinit const Rule kFuseBatchNormAddRelu{"batch_norm_add_relu", match};

}  // namespace headroom::graph
