// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/pooling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/ops/shapes.h"
#include "base/graph/ops/windows.h"

namespace headroom::graph {
namespace {

constexpr auto kMaxAttributes =
    std::to_array<std::string_view>({"ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"});
constexpr auto kAverageAttributes =
    std::to_array<std::string_view>({"ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"});
constexpr std::array kQuantisable{0};

std::vector<TensorType> infer(const NodeView& view) {
    const Windows windows = windowsOf(view.node, {});
    for (std::size_t i = 0; i < windows.kernel.size(); ++i)
        if (windows.padBegin[i] >= windows.dilation[i] * windows.kernel[i] || windows.padEnd[i] >= windows.dilation[i] * windows.kernel[i])
            refuseNode("the padding is not smaller than the window");
    if (inputShape(view, 0).size() < 3) refuseNode("input 0 has too few dimensions", toString(inputShape(view, 0)), "at least 3 needed");
    return {{view.inputs[0]->dtype, slidOver(view, windows, inputShape(view, 0)[1])}};
}

/// The second output: where each largest element stood, counted over the whole tensor.
std::vector<TensorType> inferMax(const NodeView& view) {
    std::vector<TensorType> types = infer(view);
    if (view.node.outputCount > 1) types.push_back({DType::I64, types[0].shape});
    return types;
}

std::vector<TensorType> inferGlobal(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    if (shape.size() < 3) refuseNode("input 0 has too few dimensions", toString(shape), "at least 3 needed");
    std::fill(shape.begin() + 2, shape.end(), Dim::fixed(1));
    return {{view.inputs[0]->dtype, shape}};
}

std::vector<Saved> savesIndices(const ResolvedNode& node, DeviceKind device) {
    if (!isPicturePool(node.node, node.inputs[0].shape.size())) return savesInputs(node, device);
    return {savedExtra(0, DType::U8, node.outputs[0].shape)};
}
std::vector<Saved> savesPlaces(const ResolvedNode& node, DeviceKind device) {
    return isPictureAverage(node.node, node.inputs[0].shape.size()) ? std::vector<Saved>{} : savesInputs(node, device);
}
Workspace poolWorkspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    return isPicturePool(node.node, node.inputs[0].shape.size()) ? Workspace{} : segmentWorkspace(node, arithmetic);
}
Workspace averageWorkspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    return isPictureAverage(node.node, node.inputs[0].shape.size()) ? Workspace{} : segmentWorkspace(node, arithmetic);
}

Cost cost(const ResolvedNode& node) {
    double elements = 1;
    for (const std::int64_t extent : node.node.integers("kernel_shape", {})) elements *= static_cast<double>(extent);
    return elementwiseCost(node, elements);
}

Cost globalCost(const ResolvedNode& node) {
    return elementwiseCost(node, static_cast<double>(node.inputs[0].elements()) / static_cast<double>(std::max<std::int64_t>(1, node.outputs[0].elements())));
}

/// In bf16 the mean is taken of an fp32 copy.
Workspace globalWorkspace(const ResolvedNode& node, const Arithmetic&) {
    return {node.inputs[0].dtype == DType::BF16 ? bytesInFp32(node.inputs[0]) : 0, node.outputs[0].bytes()};
}

std::vector<ChannelLink> channels(const NodeView&) { return {sameChannels(0, 1, 0, 1)}; }

}  // namespace

constinit const OpEntry kMaxPool{.name = "MaxPool",
                                 .sinceOpset = 22,
                                 .outputs = 2,
                                 .attributes = kMaxAttributes,
                                 .quantisableInputs = kQuantisable,
                                 .infer = inferMax,
                                 .saves = savesIndices,
                                 .workspace = poolWorkspace,
                                 .cost = cost,
                                 .channels = channels};

constinit const OpEntry kAveragePool{.name = "AveragePool",
                                     .sinceOpset = 22,
                                     .attributes = kAverageAttributes,
                                     .quantisableInputs = kQuantisable,
                                     .infer = infer,
                                     .saves = savesPlaces,
                                     .workspace = averageWorkspace,
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
