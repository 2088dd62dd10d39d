// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAxis = std::to_array<std::string_view>({"axis"});
constexpr auto kReshapeAttributes = std::to_array<std::string_view>({"allowzero"});
constexpr auto kPerm = std::to_array<std::string_view>({"perm"});
constexpr std::array kSecond{1};
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

/// A number of elements: a fixed factor and names.
struct Count {
    std::int64_t fixed = 1;
    std::vector<std::string> names;

    void multiply(std::int64_t factor) {
        if (__builtin_mul_overflow(fixed, factor, &fixed)) refuseNode("the shape overflows");
    }
    void take(const Dim& dim) {
        if (dim.isFixed()) return multiply(dim.extent);
        for (std::size_t from = 0; from <= dim.name.size();) {
            const std::size_t star = std::min(dim.name.find('*', from), dim.name.size());
            const std::string factor = dim.name.substr(from, star - from);
            factor.find_first_not_of("0123456789") == std::string::npos && factor.size() < 18 ? multiply(std::stoll(factor)) : names.push_back(factor);
            from = star + 1;
        }
    }
};

/// The dimension that, with those of `known`, makes as many elements as `whole` has.
Dim leftOver(const Shape& whole, const Shape& known) {
    Count rest, taken;
    for (const Dim& dim : whole) rest.take(dim);
    for (const Dim& dim : known) taken.take(dim);
    for (const std::string& each : taken.names) {
        const auto same = std::ranges::find(rest.names, each);
        if (same == rest.names.end()) refuseNode("the new shape names a dimension that is not there", each);
        rest.names.erase(same);
    }
    if (taken.fixed == 0 ? rest.fixed != 0 : rest.fixed % taken.fixed != 0)
        refuseNode("the new shape does not divide the old one", toString(whole), toString(known));
    Shape left{Dim::fixed(taken.fixed == 0 ? 1 : rest.fixed / taken.fixed)};
    for (std::string& each : rest.names) left.push_back(Dim::named(std::move(each)));
    return product(left);
}

std::vector<TensorType> inferReshape(const NodeView& view) {
    if (!view.constants[1]) refuseNode("the new shape must be a constant");
    const Shape& from = inputShape(view, 0);
    const bool zeroCopies = view.node.integer("allowzero", 0) == 0;
    Shape to, known;
    std::ptrdiff_t open = -1;
    for (std::size_t i = 0; i < view.constants[1]->size(); ++i) {
        const std::int64_t extent = (*view.constants[1])[i];
        const bool copies = extent == 0 && zeroCopies;
        if (extent < -1 || (extent == -1 && open >= 0) || (copies && i >= from.size()))
            refuseNode("the new shape is not usable", fmt::format("{} at {}", extent, i));
        if (extent == -1) open = static_cast<std::ptrdiff_t>(i);
        to.push_back(copies ? from[i] : Dim::fixed(extent));
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

/// Extents of the parts: as input 1 has them, else equal, the last one smaller where they do not divide.
std::vector<std::int64_t> partsOf(const NodeView& view, std::int64_t extent) {
    if (hasInput(view, 1)) return numbersOf(view, 1);
    const std::int64_t parts = view.node.integer("num_outputs", 0);
    if (parts < 1 || parts > std::max<std::int64_t>(1, extent)) refuseNode("the dimension does not divide", fmt::format("{} in {} parts", extent, parts));
    const std::int64_t each = (extent + parts - 1) / parts;
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), each);
    sizes.back() = extent - each * (parts - 1);
    return sizes;
}

std::vector<TensorType> inferSplit(const NodeView& view) {
    Shape part = inputShape(view, 0);
    const std::size_t axis = axisWithin(view.node.integer("axis", 0), part.size());
    const std::int64_t extent = fixedExtent(view, 0, axis);
    std::int64_t rest = extent;
    std::vector<TensorType> types;
    for (const std::int64_t size : partsOf(view, extent)) {
        if (size < 0 || size > rest) refuseNode("the parts do not add up", fmt::format("{}", size), fmt::format("{}", extent));
        rest -= size;
        part[axis] = Dim::fixed(size);
        types.push_back({view.inputs[0]->dtype, part});
    }
    if (rest != 0 || types.empty()) refuseNode("the parts do not add up", fmt::format("{} left over", rest));
    return types;
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
    const auto parts = static_cast<std::int64_t>(inferSplit(view).size());
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
                                 .constantInputs = kSecond,
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
                               .maxInputs = 2,
                               .outputs = 0,
                               .attributes = kSplitAttributes,
                               .constantInputs = kSecond,
                               .infer = inferSplit,
                               .cost = splitCost,
                               .channels = splitChannels,
                               .aliasesInput = true};

}  // namespace headroom::graph
