// SPDX-License-Identifier: Apache-2.0
#include "base/graph/rewrites/rewrite.h"

#include <array>
#include <cassert>

namespace headroom::graph {
namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Copies a graph node by node; a value is looked up by its id in the old one.
class Copy {
public:
    explicit Copy(const Graph& from) : m_from(from), m_new(from.values().size(), kNone) {
        m_to.name = from.name;
        for (std::size_t i = 0; i < from.values().size(); ++i)
            if (from.values()[i].kind != ValueKind::Activation) m_new[i] = copied(from.values()[i]);
    }

    void node(const OpEntry& op, const std::vector<ValueId>& inputs, const Attributes& attributes, const Node& as) {
        const std::vector<ValueId> made = m_to.addNode(op, as.name, mapped(inputs), attributes, as.block, as.outputCount);
        assert(made.size() == as.outputs.size());
        for (std::size_t k = 0; k < made.size(); ++k) m_new[at(as.outputs[k])] = made[k];
    }

    Graph finished() {
        m_to.setOutputs(mapped(m_from.outputs()));
        return std::move(m_to);
    }

private:
    ValueId copied(const Value& value) {
        switch (value.kind) {
            case ValueKind::Input:
                return m_to.addInput(value.name, value.type);
            case ValueKind::Parameter:
                return m_to.addParameter(value.name, value.type, value.initializer, value.weightDecay);
            case ValueKind::Buffer:
                return m_to.addBuffer(value.name, value.type, value.initializer);
            case ValueKind::Constant:
                return m_to.addConstant(value.name, value.type, value.constant, value.reals);
            case ValueKind::Activation:
                break;
        }
        return kNone;
    }

    std::vector<ValueId> mapped(const std::vector<ValueId>& old) const {
        std::vector<ValueId> out;
        for (const ValueId id : old) out.push_back(id == kNone ? kNone : m_new[at(id)]);
        return out;
    }

    const Graph& m_from;
    Graph m_to;
    std::vector<ValueId> m_new;  ///< by the old ValueId
};

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

constexpr std::array kTraining{&kFuseBatchNormAddRelu, &kFuseBatchNormRelu, &kFuseLinear};

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
            copy.node(*node.op, node.inputs, node.attributes, node);
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
