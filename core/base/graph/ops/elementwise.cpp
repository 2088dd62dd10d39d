// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/elementwise.h"

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr std::array kQuantisable{0, 1};

std::vector<TensorType> infer(const NodeView& view) {
    return {{view.inputs[0]->dtype, broadcast(inputShape(view, 0), inputShape(view, 1))}};
}

Cost cost(const ResolvedNode& node) { return elementwiseCost(node, 1); }

std::vector<ChannelLink> channels(const NodeView& view) {
    std::vector<ChannelLink> links;
    const int rank = static_cast<int>(broadcast(inputShape(view, 0), inputShape(view, 1)).size());
    for (int input = 0; input < 2; ++input) {
        const Shape& shape = inputShape(view, static_cast<std::size_t>(input));
        const int offset = rank - static_cast<int>(shape.size());
        for (int dim = 0; dim < static_cast<int>(shape.size()); ++dim)
            if (dim + offset > 0 && shape[static_cast<std::size_t>(dim)] != Dim::fixed(1))
                links.push_back(sameChannels(input, dim, 0, dim + offset));
    }
    return links;
}

}  // namespace

constinit const OpEntry kAdd{.name = "Add",
                             .sinceOpset = 14,
                             .minInputs = 2,
                             .maxInputs = 2,
                             .quantisableInputs = kQuantisable,
                             .infer = infer,
                             .cost = cost,
                             .channels = channels,
                             .sharesGradient = true};

}  // namespace headroom::graph
