// SPDX-License-Identifier: Apache-2.0
#include "base/graph/rewrites/rewrite.h"

#include <array>

#include "base/graph/rewrites/copy.h"

namespace headroom::graph {
namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

bool anyTaken(const std::vector<NodeId>& nodes, const std::vector<bool>& taken) {
    for (const NodeId id : nodes)
        if (taken[at(id)]) return true;
    return false;
}

/// By NodeId of the last of each chain.
std::vector<std::optional<Replacement>> matches(const Graph& graph, const Rule& rule, std::vector<bool>& taken) {
    const Readers readers(graph);
    std::vector<std::optional<Replacement>> found(graph.nodes().size());
    for (const Node& node : graph.nodes()) {
        std::optional<Replacement> match = rule.match(graph, readers, node);
        if (!match || anyTaken(match->replaced, taken)) continue;
        for (const NodeId id : match->replaced) taken[at(id)] = true;
        found[at(node.id)] = std::move(match);
    }
    return found;
}

constexpr std::array kTraining{&kFixBatchNorm, &kFuseBatchNormAddRelu, &kFuseBatchNormRelu, &kFuseLinear};

}  // namespace

Readers::Readers(const Graph& graph) : m_graph(graph), m_counts(graph.values().size(), 0) {
    for (const Node& node : graph.nodes())
        for (const ValueId id : node.inputs)
            if (id != kNone) ++m_counts[at(id)];
    for (const ValueId id : graph.outputs()) ++m_counts[at(id)];
}

const Node* Readers::onlyFor(ValueId value, const OpEntry& op) const {
    const NodeId producer = m_graph.value(value).producer;
    if (producer == kNone || count(value) != 1 || m_graph.node(producer).op != &op) return nullptr;
    return &m_graph.node(producer);
}

Graph apply(const Graph& graph, const Rule& rule) {
    std::vector<bool> replaced(graph.nodes().size(), false);
    const auto found = matches(graph, rule, replaced);
    Copy copy(graph);
    for (const Node& node : graph.nodes()) {
        if (const auto& match = found[at(node.id)]) {
            copy.node(*match->op, match->inputs, match->attributes, node);
        } else if (!replaced[at(node.id)]) {
            copy.node(node);
        }
    }
    return copy.finished();
}

std::span<const Rule* const> trainingRules() { return kTraining; }

Graph fusedForTraining(const Graph& graph) {
    Graph fused = graph;
    for (const Rule* rule : kTraining) fused = apply(fused, *rule);
    return fused;
}

}  // namespace headroom::graph
