// SPDX-License-Identifier: Apache-2.0
#include "base/graph/difference.h"

#include <algorithm>
#include <unordered_map>

namespace headroom::graph {
namespace {

std::vector<TensorType> typesOf(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<TensorType> types;
    for (const ValueId id : ids) types.push_back(id == kNone ? TensorType{} : graph.value(id).type);
    return types;
}

bool isSame(const Graph& first, const Node& a, const Graph& second, const Node& b) {
    return a.op == b.op && a.attributes == b.attributes && typesOf(first, a.inputs) == typesOf(second, b.inputs) &&
           typesOf(first, a.outputs) == typesOf(second, b.outputs);
}

}  // namespace

Difference differenceOf(const Graph& first, const Graph& second) {
    std::unordered_map<std::string_view, NodeId> named;
    for (const Node& node : first.nodes()) named.emplace(node.name, node.id);
    Difference found{std::vector(first.nodes().size(), Standing::Alone), std::vector(second.nodes().size(), Standing::Alone),
                     std::vector(second.nodes().size(), kNone)};
    for (const Node& node : second.nodes()) {
        const auto partner = named.find(node.name);
        if (partner == named.end()) continue;
        const Standing standing = isSame(first, first.node(partner->second), second, node) ? Standing::Same : Standing::Changed;
        found.first[static_cast<std::size_t>(partner->second)] = standing;
        found.second[static_cast<std::size_t>(node.id)] = standing;
        found.partner[static_cast<std::size_t>(node.id)] = partner->second;
    }
    return found;
}

}  // namespace headroom::graph
