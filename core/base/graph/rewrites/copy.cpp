// SPDX-License-Identifier: Apache-2.0
#include "base/graph/rewrites/copy.h"

#include <algorithm>
#include <cassert>
#include <ranges>

namespace headroom::graph {
namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

}  // namespace

Copy::Copy(const Graph& from, const std::function<bool(ValueId)>& keeps) : m_from(from), m_new(from.values().size(), kNone) {
    m_to.name = from.name;
    for (std::size_t i = 0; i < from.values().size(); ++i) {
        const Value& value = from.values()[i];
        if (value.kind != ValueKind::Activation && (!keeps || keeps(static_cast<ValueId>(i)))) m_new[i] = copied(value);
    }
}

void Copy::node(const OpEntry& op, const std::vector<ValueId>& inputs, const Attributes& attributes, const Node& as) {
    const std::vector<ValueId> made = m_to.addNode(op, as.name, mapped(inputs), attributes, as.block, as.outputCount);
    assert(made.size() == as.outputs.size());
    for (std::size_t k = 0; k < made.size(); ++k) m_new[at(as.outputs[k])] = made[k];
}

Graph Copy::finished() {
    m_to.setOutputs(mapped(m_from.outputs()));
    return std::move(m_to);
}

ValueId Copy::copied(const Value& value) {
    switch (value.kind) {
        case ValueKind::Input: return m_to.addInput(value.name, value.type);
        case ValueKind::Parameter: {
            const ValueId id = m_to.addParameter(value.name, value.type, value.initializer, value.weightDecay);
            m_to.value(id).frozen = value.frozen;
            return id;
        }
        case ValueKind::Buffer: return m_to.addBuffer(value.name, value.type, value.initializer);
        case ValueKind::Constant: return m_to.addConstant(value.name, value.type, value.constant, value.reals);
        case ValueKind::Activation: break;
    }
    return kNone;
}

std::vector<ValueId> Copy::mapped(const std::vector<ValueId>& old) const {
    std::vector<ValueId> out;
    for (const ValueId id : old) out.push_back(of(id));
    return out;
}

Graph withoutIdle(const Graph& graph) {
    std::vector<bool> live(graph.values().size(), false);
    for (const ValueId id : graph.outputs()) live[at(id)] = true;
    const auto isLive = [&](ValueId id) { return id != kNone && live[at(id)]; };
    for (const Node& node : graph.nodes() | std::views::reverse)
        if (std::ranges::any_of(node.outputs, isLive))
            for (const ValueId id : node.inputs)
                if (id != kNone) live[at(id)] = true;
    Copy copy(graph, [&](ValueId id) { return isLive(id) || graph.value(id).kind == ValueKind::Input; });
    for (const Node& node : graph.nodes())
        if (std::ranges::any_of(node.outputs, isLive)) copy.node(node);
    return copy.finished();
}

}  // namespace headroom::graph
