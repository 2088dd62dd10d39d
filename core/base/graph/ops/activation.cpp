// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/activation.h"

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kGeluAttributes = std::to_array<std::string_view>({"approximate"});
constexpr std::array kQuantisable{0};

std::vector<TensorType> infer(const NodeView& view) { return {*view.inputs[0]}; }

std::vector<TensorType> inferGelu(const NodeView& view) {
    const std::string form = view.node.text("approximate", "none");
    if (form != "none" && form != "tanh") refuseNode("unknown form of GELU", form, "none and tanh allowed");
    return infer(view);
}

std::vector<Saved> savesOutput(const ResolvedNode&, DeviceKind) { return {savedOutput(0)}; }
std::vector<Saved> savesInput(const ResolvedNode&, DeviceKind) { return {savedInput(0)}; }

Cost reluCost(const ResolvedNode& node) { return elementwiseCost(node, 1); }
Cost geluCost(const ResolvedNode& node) { return elementwiseCost(node, 12); }

std::vector<ChannelLink> channels(const NodeView& view) {
    std::vector<ChannelLink> links;
    for (int dim = 1; dim < static_cast<int>(inputShape(view, 0).size()); ++dim)
        links.push_back(sameChannels(0, dim, 0, dim));
    return links;
}

}  // namespace

constinit const OpEntry kRelu{.name = "Relu",
                              .sinceOpset = 14,
                              .quantisableInputs = kQuantisable,
                              .infer = infer,
                              .saves = savesOutput,
                              .cost = reluCost,
                              .channels = channels,
                              .mayWriteInput = true};

constinit const OpEntry kGelu{.name = "Gelu",
                              .sinceOpset = 20,
                              .attributes = kGeluAttributes,
                              .infer = inferGelu,
                              .saves = savesInput,
                              .cost = geluCost,
                              .channels = channels};

}  // namespace headroom::graph
