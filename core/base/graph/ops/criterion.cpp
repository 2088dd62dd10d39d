// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/criterion.h"

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAttributes = std::to_array<std::string_view>({"ignore_index", "reduction"});

/// Scores [batch, classes, d1 ...], targets [batch, d1 ...], weights [classes]; one number, or one a target.
std::vector<TensorType> infer(const NodeView& view) {
    Shape scores = inputShape(view, 0);
    const std::string reduction = view.node.text("reduction", "mean");
    if (reduction != "none" && reduction != "mean" && reduction != "sum") refuseNode("unknown reduction", reduction, "none, mean and sum allowed");
    if (scores.size() < 2) refuseNode("input 0 has too few dimensions", toString(scores), "at least 2 needed");
    requireInteger(view, 1);
    if (hasInput(view, 2)) requireVector(view, 2, fixedExtent(view, 0, 1));
    scores.erase(scores.begin() + 1);
    if (inputShape(view, 1) != scores) refuseNode("the targets have another shape", toString(inputShape(view, 1)), toString(scores));
    return {{view.inputs[0]->dtype, reduction == "none" ? scores : Shape{}}};
}

std::vector<TensorType> inferWithLogarithms(const NodeView& view) {
    std::vector<TensorType> types = infer(view);
    if (view.node.outputCount > 1) types.push_back(*view.inputs[0]);
    return types;
}

constexpr OpEntry criterion(std::string_view name, int since, int outputs, std::vector<TensorType> (*how)(const NodeView&)) {
    return {.name = name, .sinceOpset = since, .minInputs = 2, .maxInputs = 3, .outputs = outputs, .attributes = kAttributes,
            .precision = PrecisionClass::Keep, .infer = how, .saves = savesInputs, .workspace = segmentWorkspace, .cost = tenFlops};
}

constinit const std::array kOps{criterion("NegativeLogLikelihoodLoss", 22, 1, infer), criterion("SoftmaxCrossEntropyLoss", 13, 2, inferWithLogarithms)};

}  // namespace

std::span<const OpEntry> criterionOps() { return kOps; }

}  // namespace headroom::graph
