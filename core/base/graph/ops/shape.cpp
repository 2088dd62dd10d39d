// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAxis = std::to_array<std::string_view>({"axis"});
constexpr auto kReshapeAttributes = std::to_array<std::string_view>({"allowzero"});
constexpr auto kPerm = std::to_array<std::string_view>({"perm"});
constexpr auto kSplitAttributes = std::to_array<std::string_view>({"axis", "num_outputs"});

std::size_t axisOf(const Node& node, std::int64_t fallback, std::size_t rank, std::size_t largest) {
    const std::int64_t axis = node.integer("axis", fallback);
    const std::int64_t counted = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (counted < 0 || counted > static_cast<std::int64_t>(largest))
        refuseNode("the axis is out of range", fmt::format("{}", axis), fmt::format("{} dimensions", rank));
    return static_cast<std::size_t>(counted);
}

std::vector<TensorType> inferFlatten(const NodeView& view) {
    const Shape& shape = inputShape(view, 0);
    const auto cut = shape.begin() + static_cast<std::ptrdiff_t>(axisOf(view.node, 1, shape.size(), shape.size()));
    return {{view.inputs[0]->dtype, {product({shape.begin(), cut}), product({cut, shape.end()})}}};
}

/// Removes from `rest` the dimensions that `taken` holds already and returns the product of what is left.
Dim leftOver(Shape rest, const Shape& taken) {
    std::int64_t fixed = 1;
    for (const Dim& dim : taken) {
        const auto same = std::ranges::find(rest, dim);
        if (same != rest.end()) {
            rest.erase(same);
        } else if (dim.isFixed()) {
            fixed *= dim.extent;
        } else {
            refuseNode("the new shape names a dimension that is not there", dim.name);
        }
    }
    std::int64_t available = 1;
    Shape named;
    for (const Dim& dim : rest) dim.isFixed() ? void(available *= dim.extent) : named.push_back(dim);
    if (available % fixed != 0)
        refuseNode("the new shape does not divide the old one", toString(rest), toString(taken));
    named.insert(named.begin(), Dim::fixed(available / fixed));
    return product(named);
}

std::vector<TensorType> inferReshape(const NodeView& view) {
    if (!view.constants[1]) refuseNode("the new shape must be a constant");
    const Shape& from = inputShape(view, 0);
    Shape to, known;
    std::ptrdiff_t open = -1;
    for (std::size_t i = 0; i < view.constants[1]->size(); ++i) {
        const std::int64_t extent = (*view.constants[1])[i];
        if (extent < -1 || (extent == -1 && open >= 0) || (extent == 0 && i >= from.size()))
            refuseNode("the new shape is not usable", fmt::format("{} at {}", extent, i));
        if (extent == -1) open = static_cast<std::ptrdiff_t>(i);
        to.push_back(extent == 0 ? from[i] : Dim::fixed(extent));
        if (extent != -1) known.push_back(to.back());
    }
    const Dim rest = leftOver(from, known);
    if (open >= 0) {
        to[static_cast<std::size_t>(open)] = rest;
    } else if (rest != Dim::fixed(1)) {
        refuseNode("the new shape has another number of elements", toString(to), toString(from));
    }
    return {{view.inputs[0]->dtype, to}};
}

std::vector<TensorType> inferTranspose(const NodeView& view) {
    const Shape& from = inputShape(view, 0);
    std::vector<std::int64_t> reversed;
    for (std::size_t i = from.size(); i > 0; --i) reversed.push_back(static_cast<std::int64_t>(i) - 1);
    const std::vector<std::int64_t> perm = view.node.integers("perm", reversed);
    if (!std::is_permutation(perm.begin(), perm.end(), reversed.begin(), reversed.end()))
        refuseNode("perm is not an order of the dimensions");
    Shape to;
    for (const std::int64_t dim : perm) to.push_back(from[static_cast<std::size_t>(dim)]);
    return {{view.inputs[0]->dtype, to}};
}

std::vector<TensorType> inferSplit(const NodeView& view) {
    Shape part = inputShape(view, 0);
    const std::size_t axis = axisOf(view.node, 0, part.size(), part.size() - 1);
    const std::int64_t parts = view.node.integer("num_outputs", 0);
    const std::int64_t extent = fixedExtent(view, 0, axis);
    if (parts < 1 || extent % parts != 0)
        refuseNode("the dimension does not divide", fmt::format("{} in {} parts", extent, parts));
    part[axis] = Dim::fixed(extent / parts);
    return std::vector<TensorType>(static_cast<std::size_t>(parts), {view.inputs[0]->dtype, part});
}

/// Pictures lie channels-last: their logical order is that of memory only with one channel or one pixel.
bool isFlat(const std::vector<std::int64_t>& shape) {
    return shape.size() != 4 || shape[1] == 1 || shape[2] * shape[3] == 1;
}
bool isFlatInMemory(const ResolvedNode& node) { return isFlat(node.inputs[0].shape) && isFlat(node.outputs[0].shape); }

Cost noFlops(const ResolvedNode& node) { return elementwiseCost(node, 0); }
Cost flattenCost(const ResolvedNode& node) { return isFlatInMemory(node) ? Cost{} : noFlops(node); }
/// Forward makes views; backward copies the gradients into one tensor.
Cost splitCost(const ResolvedNode& node) { return {0, 0, 0, 2 * inputBytes(node)}; }

std::vector<ChannelLink> flattenChannels(const NodeView& view) {
    const Shape& shape = inputShape(view, 0);
    if (view.node.integer("axis", 1) != 1 || shape.size() < 2) return {};
    const Dim pixels = product({shape.begin() + 2, shape.end()});
    return {{ChannelLink::Kind::Repeats, 0, 1, 0, 1, pixels.isFixed() ? pixels.extent : 1}};
}

std::vector<ChannelLink> reshapeChannels(const NodeView& view) {
    const Shape& from = inputShape(view, 0);
    const Shape to = view.outputs.empty() ? inferReshape(view)[0].shape : view.outputs[0]->shape;
    if (from.empty() || to.empty() || from.back() != to.back()) return {};
    return {sameChannels(0, static_cast<int>(from.size()) - 1, 0, static_cast<int>(to.size()) - 1)};
}

std::vector<ChannelLink> transposeChannels(const NodeView& view) {
    std::vector<ChannelLink> links;
    const int rank = static_cast<int>(inputShape(view, 0).size());
    std::vector<std::int64_t> reversed;
    for (int i = rank - 1; i >= 0; --i) reversed.push_back(i);
    const auto perm = view.node.integers("perm", reversed);
    for (int i = 0; i < rank; ++i)
        links.push_back(sameChannels(0, static_cast<int>(perm[static_cast<std::size_t>(i)]), 0, i));
    return links;
}

std::vector<ChannelLink> splitChannels(const NodeView& view) {
    const Shape& shape = inputShape(view, 0);
    const int axis = static_cast<int>(axisOf(view.node, 0, shape.size(), shape.size() - 1));
    std::vector<ChannelLink> links;
    const std::int64_t parts = view.node.integer("num_outputs", 1);
    for (int k = 0; k < static_cast<int>(parts); ++k)
        links.push_back({ChannelLink::Kind::Splits, 0, axis, k, axis, parts});
    return links;
}

}  // namespace

constinit const OpEntry kFlatten{.name = "Flatten",
                                 .sinceOpset = 13,
                                 .attributes = kAxis,
                                 .infer = inferFlatten,
                                 .cost = flattenCost,
                                 .channels = flattenChannels,
                                 .isView = isFlatInMemory,
                                 .aliasesInput = true,
                                 .sharesGradient = true};

constinit const OpEntry kReshape{.name = "Reshape",
                                 .sinceOpset = 14,
                                 .minInputs = 2,
                                 .maxInputs = 2,
                                 .attributes = kReshapeAttributes,
                                 .infer = inferReshape,
                                 .cost = flattenCost,
                                 .channels = reshapeChannels,
                                 .isView = isFlatInMemory,
                                 .aliasesInput = true,
                                 .sharesGradient = true};

constinit const OpEntry kTranspose{.name = "Transpose",
                                   .sinceOpset = 13,
                                   .attributes = kPerm,
                                   .infer = inferTranspose,
                                   .cost = noFlops,
                                   .channels = transposeChannels};

constinit const OpEntry kSplit{.name = "Split",
                               .sinceOpset = 18,
                               .outputs = 0,
                               .attributes = kSplitAttributes,
                               .infer = inferSplit,
                               .cost = splitCost,
                               .channels = splitChannels,
                               .aliasesInput = true};

}  // namespace headroom::graph
