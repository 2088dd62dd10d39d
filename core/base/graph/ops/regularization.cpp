// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/regularization.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAttributes = std::to_array<std::string_view>({"ratio"});

std::vector<TensorType> infer(const NodeView& view) {
    const double ratio = view.node.real("ratio", 0.5);
    if (!(ratio >= 0 && ratio < 1))
        refuseNode("the ratio is out of range", fmt::format("{}", ratio), "0 to below 1 allowed");
    return {*view.inputs[0]};
}

Cost cost(const ResolvedNode& node) { return elementwiseCost(node, 4); }

std::vector<ChannelLink> channels(const NodeView& view) {
    std::vector<ChannelLink> links;
    for (int dim = 1; dim < static_cast<int>(inputShape(view, 0).size()); ++dim)
        links.push_back(sameChannels(0, dim, 0, dim));
    return links;
}

}  // namespace

constinit const OpEntry kDropout{.name = "Dropout",
                                 .sinceOpset = 13,
                                 .attributes = kAttributes,
                                 .infer = infer,
                                 .cost = cost,
                                 .channels = channels,
                                 .identityInInference = true};

}  // namespace headroom::graph
