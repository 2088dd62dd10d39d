// SPDX-License-Identifier: Apache-2.0
#include "base/models/layer_rates.h"

#include <algorithm>
#include <cmath>

namespace headroom::models {
namespace {

using graph::kNone;
using graph::Node;
using graph::Value;
using graph::ValueId;
using graph::ValueKind;

bool hasMatrix(const graph::Graph& graph, const Node& node) {
    return std::ranges::any_of(node.inputs, [&](ValueId id) {
        return id != kNone && graph.value(id).kind == ValueKind::Parameter && graph.value(id).type.shape.size() > 1;
    });
}

}  // namespace

std::vector<double> layerRates(const graph::Graph& graph, double decay) {
    std::vector<int> layers(graph.values().size(), -1);
    int layer = 0;
    bool hasBegun = false;
    std::string block;
    for (const Node& node : graph.nodes()) {
        const bool begins = node.block.empty() ? hasMatrix(graph, node) : node.block != block;
        if (begins && hasBegun) ++layer;
        hasBegun = hasBegun || begins;
        block = node.block;
        for (const ValueId id : node.inputs)
            if (id != kNone && graph.value(id).kind == ValueKind::Parameter && layers[static_cast<std::size_t>(id)] < 0) layers[static_cast<std::size_t>(id)] = layer;
    }
    std::vector<double> rates;
    for (const int each : layers) rates.push_back(each < 0 ? 1 : std::pow(decay, layer - each));
    return rates;
}

}  // namespace headroom::models
