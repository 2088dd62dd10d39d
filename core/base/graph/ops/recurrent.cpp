// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/recurrent.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Names = std::span<const std::string_view>;
constexpr auto kRnn = std::to_array<std::string_view>({"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"});
constexpr auto kGru = std::to_array<std::string_view>(
    {"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout", "linear_before_reset"});
constexpr auto kLstm = std::to_array<std::string_view>(
    {"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget", "layout"});
constexpr std::array kQuantisable{0, 1, 2};

std::int64_t gatesOf(const Node& node) { return node.op->name == "LSTM" ? 4 : node.op->name == "GRU" ? 3 : 1; }

/// X [sequence, batch, width], W [directions, gates * hidden, width], R [directions, gates * hidden, hidden]; layout 1 puts the
/// batch first. Y [sequence, directions, batch, hidden], then the last state (and cell) [directions, batch, hidden].
std::vector<TensorType> infer(const NodeView& view) {
    const Shape& x = inputShape(view, 0, 3);
    inputShape(view, 1, 3);
    inputShape(view, 2, 3);
    const std::string direction = view.node.text("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") refuseNode("unknown direction", direction);
    const std::int64_t directions = direction == "bidirectional" ? 2 : 1, hidden = fixedExtent(view, 2, 2), gates = gatesOf(view.node);
    if (view.node.integer("hidden_size", hidden) != hidden || inputShape(view, 2) != fixedShape({directions, gates * hidden, hidden}) ||
        inputShape(view, 1) != Shape{Dim::fixed(directions), Dim::fixed(gates * hidden), x[2]})
        refuseNode("the weights do not fit together", toString(inputShape(view, 1)), toString(inputShape(view, 2)));
    if (hasInput(view, 3) && inputShape(view, 3) != fixedShape({directions, 2 * gates * hidden})) refuseNode("the bias does not fit", toString(inputShape(view, 3)));
    const bool batchFirst = view.node.integer("layout", 0) != 0;
    const Dim sequence = x[batchFirst ? 1 : 0], batch = x[batchFirst ? 0 : 1], ways = Dim::fixed(directions), width = Dim::fixed(hidden);
    const Shape all = batchFirst ? Shape{batch, sequence, ways, width} : Shape{sequence, ways, batch, width};
    const Shape last = batchFirst ? Shape{batch, ways, width} : Shape{ways, batch, width};
    std::vector<TensorType> types{{view.inputs[0]->dtype, all}, {view.inputs[0]->dtype, last}};
    if (view.node.op->outputs == 3) types.push_back(types.back());
    return types;
}

Cost cost(const ResolvedNode& node) {
    const double rows = static_cast<double>(node.inputs[0].shape[0] * node.inputs[0].shape[1]);
    return productCost(node, rows * static_cast<double>(node.inputs[1].elements() + node.inputs[2].elements()));
}

constexpr OpEntry layer(std::string_view name, int inputs, int outputs, Names attributes) {
    return {.name = name, .sinceOpset = 22, .minInputs = 3, .maxInputs = inputs, .outputs = outputs, .attributes = attributes,
            .precision = PrecisionClass::Lower, .quantisableInputs = kQuantisable, .infer = infer, .saves = savesInputs,
            .workspace = segmentWorkspace, .cost = cost};
}

constinit const std::array kOps{layer("RNN", 6, 2, kRnn), layer("GRU", 6, 2, kGru), layer("LSTM", 8, 3, kLstm)};

}  // namespace

std::span<const OpEntry> recurrentOps() { return kOps; }

}  // namespace headroom::graph
