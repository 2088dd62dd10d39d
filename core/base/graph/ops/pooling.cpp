// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/pooling.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kMaxAttributes =
    std::to_array<std::string_view>({"ceil_mode", "dilations", "kernel_shape", "pads", "strides"});
constexpr auto kAverageAttributes =
    std::to_array<std::string_view>({"ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"});
constexpr std::array kQuantisable{0};

Window poolWindow(const NodeView& view) {
    if (view.node.integers("kernel_shape", {}).size() != 2) refuseNode("kernel_shape needs two extents");
    const Window window = windowOf(view.node, 1, 1);
    for (std::size_t i = 0; i < 2; ++i)
        if (window.padBegin[i] >= window.kernel[i] || window.padEnd[i] >= window.kernel[i])
            refuseNode("the padding is not smaller than the window");
    return window;
}

std::vector<TensorType> infer(const NodeView& view) {
    return {{view.inputs[0]->dtype, slid(view, poolWindow(view), inputShape(view, 0, 4)[1])}};
}

std::vector<TensorType> inferMax(const NodeView& view) {
    const Window window = poolWindow(view);
    const std::int64_t elements = window.kernel[0] * window.kernel[1];
    if (elements > 255)
        refuseNode("the window is too large", fmt::format("{} elements", elements), "at most 255 allowed");
    return infer(view);
}

std::vector<TensorType> inferGlobal(const NodeView& view) {
    const Shape& shape = inputShape(view, 0, 4);
    return {{view.inputs[0]->dtype, {shape[0], shape[1], Dim::fixed(1), Dim::fixed(1)}}};
}

std::vector<Saved> savesIndices(const ResolvedNode& node, DeviceKind) {
    return {savedExtra(0, DType::U8, node.outputs[0].shape)};
}

Cost cost(const ResolvedNode& node) {
    const auto kernel = node.node.integers("kernel_shape", {1, 1});
    return elementwiseCost(node, static_cast<double>(kernel[0] * kernel[1]));
}

Cost globalCost(const ResolvedNode& node) {
    return elementwiseCost(node, static_cast<double>(node.inputs[0].shape[2] * node.inputs[0].shape[3]));
}

/// In bf16 the mean is taken of an fp32 copy.
Workspace globalWorkspace(const ResolvedNode& node, const Arithmetic&) {
    return {node.inputs[0].dtype == DType::BF16 ? bytesInFp32(node.inputs[0]) : 0, node.outputs[0].bytes()};
}

std::vector<ChannelLink> channels(const NodeView&) { return {sameChannels(0, 1, 0, 1)}; }

}  // namespace

constinit const OpEntry kMaxPool{.name = "MaxPool",
                                 .sinceOpset = 22,
                                 .attributes = kMaxAttributes,
                                 .quantisableInputs = kQuantisable,
                                 .infer = inferMax,
                                 .saves = savesIndices,
                                 .cost = cost,
                                 .channels = channels};

constinit const OpEntry kAveragePool{.name = "AveragePool",
                                     .sinceOpset = 22,
                                     .attributes = kAverageAttributes,
                                     .quantisableInputs = kQuantisable,
                                     .infer = infer,
                                     .cost = cost,
                                     .channels = channels};

constinit const OpEntry kGlobalAveragePool{.name = "GlobalAveragePool",
                                           .sinceOpset = 22,
                                           .quantisableInputs = kQuantisable,
                                           .infer = inferGlobal,
                                           .workspace = globalWorkspace,
                                           .cost = globalCost,
                                           .channels = channels};

}  // namespace headroom::graph
