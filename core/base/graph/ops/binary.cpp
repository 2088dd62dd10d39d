// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/binary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/graph/ops/entries.h"
#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kFmod = std::to_array<std::string_view>({"fmod"});
constexpr auto kDirection = std::to_array<std::string_view>({"direction"});
constexpr std::array kQuantisable{0, 1};
using Names = std::span<const std::string_view>;

Shape broadcastAll(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    for (std::size_t i = 1; i < view.inputs.size(); ++i)
        if (hasInput(view, i)) shape = broadcast(shape, inputShape(view, i));
    return shape;
}
void requireOneType(const NodeView& view, std::size_t from = 0) {
    for (std::size_t i = from; i < view.inputs.size(); ++i)
        if (hasInput(view, i) && view.inputs[i]->dtype != view.inputs[from]->dtype)
            refuseNode("the element types differ", std::string(name(view.inputs[i]->dtype)), std::string(name(view.inputs[from]->dtype)));
}

std::vector<TensorType> infer(const NodeView& view) {
    requireOneType(view);
    return {{view.inputs[0]->dtype, broadcastAll(view)}};
}
/// The base's element type; the exponent may have another.
std::vector<TensorType> inferPower(const NodeView& view) { return {{view.inputs[0]->dtype, broadcastAll(view)}}; }
std::vector<TensorType> truth(const NodeView& view) {
    requireOneType(view);
    return {{DType::Bool, broadcastAll(view)}};
}
std::vector<TensorType> inferWhere(const NodeView& view) {
    if (view.inputs[0]->dtype != DType::Bool) refuseNode("the condition must be of truth values", std::string(name(view.inputs[0]->dtype)));
    requireOneType(view, 1);
    return {{view.inputs[1]->dtype, broadcastAll(view)}};
}
/// Bounds and slopes do not change the shape.
std::vector<TensorType> inferLikeFirst(const NodeView& view) {
    requireOneType(view);
    if (broadcastAll(view) != inputShape(view, 0)) refuseNode("an input does not fit the first", toString(broadcastAll(view)), toString(inputShape(view, 0)));
    return {*view.inputs[0]};
}
std::vector<TensorType> inferShift(const NodeView& view) {
    const std::string direction = view.node.text("direction", "");
    if (direction != "LEFT" && direction != "RIGHT") refuseNode("unknown direction", direction, "LEFT and RIGHT allowed");
    return infer(view);
}

std::vector<ChannelLink> channels(const NodeView& view) {
    std::vector<ChannelLink> links;
    const int rank = static_cast<int>(broadcastAll(view).size());
    for (std::size_t input = 0; input < view.inputs.size(); ++input) {
        if (!hasInput(view, input)) continue;
        const Shape& shape = inputShape(view, input);
        const int offset = rank - static_cast<int>(shape.size());
        for (int dim = 0; dim < static_cast<int>(shape.size()); ++dim)
            if (dim + offset > 0 && shape[static_cast<std::size_t>(dim)] != Dim::fixed(1))
                links.push_back(sameChannels(static_cast<int>(input), dim, 0, dim + offset));
    }
    return links;
}

constexpr OpEntry several(std::string_view name, int since, int least, int most) {
    return {.name = name, .sinceOpset = since, .minInputs = least, .maxInputs = most, .quantisableInputs = kQuantisable, .infer = infer,
            .saves = savesInputs, .workspace = segmentWorkspace, .cost = oneFlop, .channels = channels};
}
constexpr OpEntry pair(std::string_view name, int since, Names attributes = {}) {
    OpEntry entry = several(name, since, 2, 2);
    entry.attributes = attributes;
    return entry;
}
constexpr OpEntry inferredBy(OpEntry entry, std::vector<TensorType> (*how)(const NodeView&)) {
    entry.infer = how;
    return entry;
}
/// No gradient passes through it.
constexpr OpEntry discrete(OpEntry entry, std::vector<TensorType> (*how)(const NodeView&)) {
    entry.differentiable = false;
    return inferredBy(entry, how);
}

constinit const std::array kOps{
    savingNothing(pair("Sub", 14)), pair("Mul", 14), pair("Div", 14), inferredBy(pair("Pow", 15), inferPower), pair("Mod", 13, kFmod),
    inferredBy(pair("PRelu", 16), inferLikeFirst), several("Max", 13, 1, kAnyNumber), several("Min", 13, 1, kAnyNumber),
    several("Sum", 13, 1, kAnyNumber), several("Mean", 13, 1, kAnyNumber), inferredBy(several("Where", 16, 3, 3), inferWhere),
    inferredBy(several("Clip", 13, 1, 3), inferLikeFirst), discrete(pair("Equal", 19), truth), discrete(pair("Greater", 13), truth),
    discrete(pair("Less", 13), truth), discrete(pair("GreaterOrEqual", 16), truth), discrete(pair("LessOrEqual", 16), truth),
    discrete(pair("And", 7), truth), discrete(pair("Or", 7), truth), discrete(pair("Xor", 7), truth),
    discrete(pair("BitwiseAnd", 18), infer), discrete(pair("BitwiseOr", 18), infer), discrete(pair("BitwiseXor", 18), infer),
    discrete(pair("BitShift", 11, kDirection), inferShift)};

}  // namespace

std::span<const OpEntry> binaryOps() { return kOps; }

}  // namespace headroom::graph
