// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Numbers = std::vector<std::int64_t>;
constexpr auto kTransposed = std::to_array<std::string_view>({"dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads", "strides"});
constexpr auto kPowers = std::to_array<std::string_view>({"ceil_mode", "dilations", "kernel_shape", "p", "pads", "strides"});
constexpr std::array kQuantisable{0, 1};

/// Kernels [channels, maps / group, places ...].
std::vector<TensorType> inferTransposed(const NodeView& view) {
    const Shape& x = inputShape(view, 0);
    const std::size_t places = x.size() < 3 ? 0 : x.size() - 2;
    inputShape(view, 1, static_cast<int>(x.size()));
    const std::int64_t group = view.node.integer("group", 1);
    if (places < 1 || places > 3 || group < 1 || fixedExtent(view, 0, 1) != fixedExtent(view, 1, 0) || fixedExtent(view, 1, 0) % group != 0)
        refuseNode("the kernel does not fit the channels", toString(inputShape(view, 1)), toString(x));
    Numbers kernel, extents;
    for (std::size_t i = 2; i < x.size(); ++i) {
        kernel.push_back(fixedExtent(view, 1, i));
        extents.push_back(fixedExtent(view, 0, i));
    }
    const Windows windows = windowsOf(view.node, kernel);
    const Numbers spread = spreadOver(extents, windows), more = view.node.integers("output_padding", Numbers(places, 0));
    const std::int64_t maps = fixedExtent(view, 1, 1) * group;
    if (more.size() != places) refuseNode("one output padding a place is needed", fmt::format("{}", more.size()));
    if (hasInput(view, 2)) requireVector(view, 2, maps);
    Shape out{x[0], Dim::fixed(maps)};
    for (std::size_t i = 0; i < places; ++i) {
        if (more[i] < 0 || more[i] > INT32_MAX) refuseNode("an output padding is out of range", fmt::format("{}", more[i]));
        const std::int64_t extent = spread[i] + more[i] - windows.padBegin[i] - windows.padEnd[i];
        if (extent < 1) refuseNode("more is cut off than is there", fmt::format("{}", extent));
        out.push_back(Dim::fixed(extent));
    }
    return {{view.inputs[0]->dtype, out}};
}

std::vector<TensorType> inferPowers(const NodeView& view) {
    const std::int64_t p = view.node.integer("p", 2);
    if (p < 1) refuseNode("p is out of range", fmt::format("{}", p));
    return {{view.inputs[0]->dtype, slidOver(view, windowsOf(view.node, {}), inputShape(view, 0)[1])}};
}

std::vector<TensorType> inferGlobal(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    if (shape.size() < 3) refuseNode("input 0 has too few dimensions", toString(shape), "at least 3 needed");
    std::fill(shape.begin() + 2, shape.end(), Dim::fixed(1));
    return {{view.inputs[0]->dtype, shape}};
}

Cost transposedCost(const ResolvedNode& node) {
    const auto& kernel = node.inputs[1].shape;
    std::int64_t each = kernel[1];
    for (std::size_t i = 2; i < kernel.size(); ++i) each *= kernel[i];
    return productCost(node, static_cast<double>(node.inputs[0].elements() * each));
}

std::vector<ChannelLink> same(const NodeView&) { return {sameChannels(0, 1, 0, 1)}; }
std::vector<ChannelLink> transposedChannels(const NodeView& view) {
    const std::int64_t group = view.node.integer("group", 1);
    std::vector<ChannelLink> links{{group > 1 ? ChannelLink::Kind::Splits : ChannelLink::Kind::Mixes, 0, 1, 0, 1, group}};
    if (group == 1) links.push_back(sameChannels(1, 1, 0, 1));
    if (hasInput(view, 2)) links.push_back(sameChannels(2, 0, 0, 1));
    return links;
}

constinit const std::array kOps{
    OpEntry{.name = "ConvTranspose", .sinceOpset = 22, .minInputs = 2, .maxInputs = 3, .attributes = kTransposed, .precision = PrecisionClass::Lower,
            .quantisableInputs = kQuantisable, .infer = inferTransposed, .saves = savesInputs, .workspace = segmentWorkspace, .cost = transposedCost,
            .channels = transposedChannels},
    OpEntry{.name = "LpPool", .sinceOpset = 22, .attributes = kPowers, .infer = inferPowers, .saves = savesInputs, .workspace = segmentWorkspace,
            .cost = tenFlops, .channels = same},
    OpEntry{.name = "GlobalMaxPool", .sinceOpset = 22, .infer = inferGlobal, .saves = savesInputs, .workspace = segmentWorkspace, .cost = oneFlop,
            .channels = same}};

}  // namespace

Windows windowsOf(const Node& node, Numbers kernel) {
    Windows windows;
    windows.kernel = node.integers("kernel_shape", std::move(kernel));
    const std::size_t places = windows.kernel.size();
    windows.stride = node.integers("strides", Numbers(places, 1));
    windows.dilation = node.integers("dilations", Numbers(places, 1));
    const Numbers pads = node.integers("pads", Numbers(2 * places, 0));
    if (places < 1 || places > 3 || windows.stride.size() != places || windows.dilation.size() != places || pads.size() != 2 * places)
        refuseNode("a window needs one number for each of one to three places");
    windows.padBegin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(places));
    windows.padEnd.assign(pads.begin() + static_cast<std::ptrdiff_t>(places), pads.end());
    constexpr std::int64_t kMost = 1 << 20;
    const auto within = [](const Numbers& numbers, std::int64_t least) {
        return std::ranges::all_of(numbers, [&](std::int64_t number) { return number >= least && number <= kMost; });
    };
    if (!within(windows.kernel, 1) || !within(windows.stride, 1) || !within(windows.dilation, 1) || !within(pads, 0))
        refuseNode("a window's kernel, stride or padding is out of range");
    windows.ceil = node.integer("ceil_mode", 0) != 0;
    return windows;
}

Shape slidOver(const NodeView& view, const Windows& windows, const Dim& channels) {
    const std::size_t places = windows.kernel.size();
    Shape out{inputShape(view, 0, static_cast<int>(places) + 2)[0], channels};
    for (std::size_t i = 0; i < places; ++i) {
        const std::int64_t extent = fixedExtent(view, 0, i + 2), stride = windows.stride[i];
        const std::int64_t room = extent + windows.padBegin[i] + windows.padEnd[i] - windows.dilation[i] * (windows.kernel[i] - 1) - 1;
        if (room < 0) refuseNode("the window is larger than its input", fmt::format("{}", extent), fmt::format("{} needed", extent - room));
        std::int64_t steps = (windows.ceil ? room + stride - 1 : room) / stride;
        // A window that would begin in the padding behind the input is left out (ONNX, ceil_mode).
        if (windows.ceil && steps * stride >= extent + windows.padBegin[i]) --steps;
        out.push_back(Dim::fixed(steps + 1));
    }
    return out;
}

Numbers spreadOver(const Numbers& places, const Windows& windows) {
    Numbers spread;
    for (std::size_t i = 0; i < places.size(); ++i)
        spread.push_back(windows.stride[i] * (places[i] - 1) + windows.dilation[i] * (windows.kernel[i] - 1) + 1);
    return spread;
}

bool isPicturePool(const Node& node, std::size_t rank) {
    const Numbers kernel = node.integers("kernel_shape", {});
    return rank == 4 && node.outputCount < 2 && kernel.size() == 2 && kernel[0] <= 255 && kernel[1] <= 255 && kernel[0] * kernel[1] <= 255;
}

bool isPictureAverage(const Node& node, std::size_t rank) {
    const Numbers kernel = node.integers("kernel_shape", {}), pads = node.integers("pads", {});
    for (std::size_t i = 0; i < pads.size() && kernel.size() == 2; ++i)
        if (2 * pads[i] > kernel[i % 2]) return false;  // more than LibTorch's pool takes
    return rank == 4 && std::ranges::all_of(node.integers("dilations", {}), [](std::int64_t step) { return step == 1; });
}

std::span<const OpEntry> windowOps() { return kOps; }

}  // namespace headroom::graph
