// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear.h"

#include "base/graph/ops/elementwise.h"
#include "base/graph/rewrites/rewrite.h"

namespace headroom::graph {
namespace {

bool isVectorOfParameters(const Value& value) {
    return value.kind == ValueKind::Parameter && value.type.shape.size() == 1;
}

/// A product that nobody else reads, plus a vector of parameters as long as its last dimension.
std::optional<Replacement> match(const Graph& graph, const Readers& readers, const Node& add) {
    if (add.op != &kAdd) return std::nullopt;
    for (std::size_t branch = 0; branch < 2; ++branch) {
        const Node* product = readers.onlyFor(add.inputs[branch], kMatMul);
        const Value& bias = graph.value(add.inputs[1 - branch]);
        if (!product || !isVectorOfParameters(bias)) continue;
        if (bias.type.shape[0] != graph.value(product->outputs[0]).type.shape.back()) continue;
        return Replacement{
            {add.id, product->id}, &kLinear, {product->inputs[0], product->inputs[1], add.inputs[1 - branch]}, {}};
    }
    return std::nullopt;
}

}  // namespace

constinit const Rule kFuseLinear{"linear", match};

}  // namespace headroom::graph
