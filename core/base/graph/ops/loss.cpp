// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/loss.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kCrossEntropy = std::to_array<std::string_view>({"ignore_index", "label_smoothing"});

TensorType sum() { return {DType::F32, fixedShape({1})}; }

std::vector<TensorType> inferCrossEntropy(const NodeView& view) {
    const double smoothing = view.node.real("label_smoothing", 0);
    if (!(smoothing >= 0 && smoothing < 1))
        refuseNode("label_smoothing is out of range", fmt::format("{}", smoothing), "0 to below 1 allowed");
    requireInteger(view, 1);
    fixedExtent(view, 0, 1);
    if (product(inputShape(view, 1)) != inputShape(view, 0, 2)[0])
        refuseNode("logits and targets differ in rows", toString(inputShape(view, 0)), toString(inputShape(view, 1)));
    return {sum()};
}

std::vector<TensorType> inferSquaredError(const NodeView& view) {
    if (inputShape(view, 0, 2) != inputShape(view, 1, 2))
        refuseNode("prediction and target differ", toString(inputShape(view, 0)), toString(inputShape(view, 1)));
    return {sum()};
}

std::vector<Saved> savesCrossEntropy(const ResolvedNode& node, DeviceKind) {
    return {savedInput(0), savedInput(1), savedExtra(0, DType::F32, {node.inputs[0].shape[0]})};
}

std::vector<Saved> savesSquaredError(const ResolvedNode&, DeviceKind) { return {savedInput(0), savedInput(1)}; }

Cost perInput(const ResolvedNode& node, double flops) {
    const double forward = flops * static_cast<double>(node.inputs[0].elements());
    const Bytes moved = inputBytes(node);
    return {forward, forward, moved, moved + node.inputs[0].bytes()};
}
Cost crossEntropyCost(const ResolvedNode& node) { return perInput(node, 5); }
Cost squaredErrorCost(const ResolvedNode& node) { return perInput(node, 3); }

}  // namespace

constinit const OpEntry kSoftmaxCrossEntropy{.name = "SoftmaxCrossEntropy",
                                             .domain = "headroom",
                                             .minInputs = 2,
                                             .maxInputs = 2,
                                             .attributes = kCrossEntropy,
                                             .precision = PrecisionClass::Keep,
                                             .infer = inferCrossEntropy,
                                             .saves = savesCrossEntropy,
                                             .cost = crossEntropyCost};

constinit const OpEntry kMeanSquaredError{.name = "MeanSquaredError",
                                          .domain = "headroom",
                                          .minInputs = 2,
                                          .maxInputs = 2,
                                          .precision = PrecisionClass::Keep,
                                          .infer = inferSquaredError,
                                          .saves = savesSquaredError,
                                          .cost = squaredErrorCost};

}  // namespace headroom::graph
