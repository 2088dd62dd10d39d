// SPDX-License-Identifier: Apache-2.0
#include "base/models/layer_rates.h"

#include <algorithm>
#include <cmath>
#include <string_view>

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

/// "0", and "layer1.0" as PyTorch names the parts of a sequence.
bool isNumbered(std::string_view part) {
    const std::size_t digits = part.size() - std::min(part.size(), part.find_last_not_of("0123456789") + 1);
    return digits > 0 && (digits == part.size() || part[part.size() - digits - 1] == '.');
}

/// The builder's block; of a file's graph the folders of the node's name as far as the first numbered one, "/layer1/layer1.0" of
/// "/layer1/layer1.0/conv1/Conv". Empty where there is none.
std::string_view blockOf(const Node& node) {
    const std::string_view name = node.name;
    if (!node.block.empty()) return node.block;
    for (std::size_t begin = 0, end = 0; (end = name.find('/', begin)) != std::string_view::npos; begin = end + 1)
        if (isNumbered(name.substr(begin, end - begin))) return name.substr(0, end);
    return {};
}

}  // namespace

std::vector<double> layerRates(const graph::Graph& graph, double decay) {
    std::vector<int> layers(graph.values().size(), -1);
    int layer = 0;
    bool hasBegun = false;
    std::string_view block;
    for (const Node& node : graph.nodes()) {
        const std::string_view own = blockOf(node);
        const bool begins = own.empty() ? hasMatrix(graph, node) : own != block;
        if (begins && hasBegun) ++layer;
        hasBegun = hasBegun || begins;
        if (begins) block = own;
        for (const ValueId id : node.inputs)
            if (id != kNone && graph.value(id).kind == ValueKind::Parameter && layers[static_cast<std::size_t>(id)] < 0) layers[static_cast<std::size_t>(id)] = layer;
    }
    std::vector<double> rates;
    for (const int each : layers) rates.push_back(each < 0 ? 1 : std::pow(decay, layer - each));
    return rates;
}

}  // namespace headroom::models
