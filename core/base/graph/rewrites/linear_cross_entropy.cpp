// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear_cross_entropy.h"

#include <algorithm>

#include "base/graph/ops/linear.h"
#include "base/graph/ops/loss.h"
#include "base/graph/rewrites/rewrite.h"

namespace headroom::graph {
namespace {

/// The linear layer whose output this is, for one reader alone: a product as it stands, its weights parameters.
const Node* linearFor(const Graph& graph, const Readers& readers, ValueId logits) {
    for (const OpEntry* op : {&kGemm, &kMatMul, &kLinear}) {
        const Node* node = readers.onlyFor(logits, *op);
        if (!node) continue;
        const bool isPlain = node->integer("transA", 0) == 0 && node->real("alpha", 1) == 1 && node->real("beta", 1) == 1;
        const bool isOfParameters = std::all_of(node->inputs.begin() + 1, node->inputs.end(), [&](ValueId id) {
            return id != kNone && graph.value(id).kind == ValueKind::Parameter;
        });
        if (isPlain && isOfParameters) return node;
    }
    return nullptr;
}

/// A cross-entropy of logits that nobody else reads, and the linear layer that makes them.
std::optional<Replacement> match(const Graph& graph, const Readers& readers, const Node& loss) {
    if (loss.op != &kSoftmaxCrossEntropy || loss.attributes.contains("ignore_index")) return std::nullopt;
    const Node* linear = linearFor(graph, readers, loss.inputs[0]);
    if (!linear) return std::nullopt;
    std::vector<ValueId> inputs{linear->inputs[0], linear->inputs[1], loss.inputs[1]};
    if (linear->inputs.size() > 2) inputs.push_back(linear->inputs[2]);
    Attributes attributes = loss.attributes;
    attributes.emplace("transB", linear->integer("transB", 0));
    return Replacement{{loss.id, linear->id}, &kLinearCrossEntropy, std::move(inputs), std::move(attributes)};
}

}  // namespace

constinit const Rule kFuseLinearCrossEntropy{"linear_cross_entropy", match};

}  // namespace headroom::graph
