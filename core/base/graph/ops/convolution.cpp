// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/convolution.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"
#include "base/graph/ops/windows.h"

namespace headroom::graph {
namespace {

constexpr auto kAttributes = std::to_array<std::string_view>({"dilations", "group", "kernel_shape", "pads", "strides"});
constexpr std::array kQuantisable{0, 1};

std::vector<TensorType> infer(const NodeView& view) {
    const std::size_t rank = inputShape(view, 0).size();
    if (rank < 3 || rank > 5) refuseNode("input 0 has another number of dimensions", toString(inputShape(view, 0)), "3 to 5 needed");
    inputShape(view, 1, static_cast<int>(rank));
    const std::int64_t group = view.node.integer("group", 1);
    const std::int64_t channels = fixedExtent(view, 0, 1);
    const std::int64_t maps = fixedExtent(view, 1, 0);
    if (group < 1 || channels % group != 0 || maps % group != 0 || fixedExtent(view, 1, 1) * group != channels)
        refuseNode("the kernel does not fit the channels", toString(inputShape(view, 1)),
                   fmt::format("{} channels in {} groups", channels, group));
    if (view.inputs.size() > 2 && view.inputs[2]) requireVector(view, 2, maps);
    std::vector<std::int64_t> kernel;
    for (std::size_t i = 2; i < rank; ++i) kernel.push_back(fixedExtent(view, 1, i));
    const Windows windows = windowsOf(view.node, kernel);
    if (windows.kernel != kernel) refuseNode("kernel_shape is not the kernel's", toString(inputShape(view, 1)));
    return {{view.inputs[0]->dtype, slidOver(view, windows, Dim::fixed(maps))}};
}

std::vector<Saved> saves(const ResolvedNode&, DeviceKind) { return {savedInput(0), savedInput(1)}; }

/// The weights in the library's own block layout; backward both they and their gradient. Emulated, all fp32 copies live at
/// once beside them: the backward is one call.
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const Bytes x = bytesInFp32(node.inputs[0]), w = bytesInFp32(node.inputs[1]), y = bytesInFp32(node.outputs[0]);
    if (isEmulated(node, arithmetic)) return {x + 2 * w + y, 2 * x + 3 * w + y};
    return {node.inputs[1].bytes(), node.inputs[1].bytes() + w};
}

Cost cost(const ResolvedNode& node) {
    const auto& kernel = node.inputs[1].shape;
    std::int64_t each = kernel[1];
    for (std::size_t i = 2; i < kernel.size(); ++i) each *= kernel[i];
    return productCost(node, static_cast<double>(node.outputs[0].elements() * each));
}

std::vector<ChannelLink> channels(const NodeView& view) {
    using enum ChannelLink::Kind;
    const std::int64_t group = view.node.integer("group", 1);
    const bool depthwise = group > 1 && fixedExtent(view, 1, 1) == 1;
    std::vector<ChannelLink> links{{depthwise   ? Same
                                    : group > 1 ? Splits
                                                : Mixes,
                                    0, 1, 0, 1, group},
                                   sameChannels(1, 0, 0, 1)};
    if (view.inputs.size() > 2 && view.inputs[2]) links.push_back(sameChannels(2, 0, 0, 1));
    return links;
}

}  // namespace

constinit const OpEntry kConv{.name = "Conv",
                              .sinceOpset = 22,
                              .minInputs = 2,
                              .maxInputs = 3,
                              .attributes = kAttributes,
                              .precision = PrecisionClass::Lower,
                              .quantisableInputs = kQuantisable,
                              .infer = infer,
                              .saves = saves,
                              .workspace = workspace,
                              .cost = cost,
                              .channels = channels};

}  // namespace headroom::graph
