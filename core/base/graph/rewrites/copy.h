// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::graph {

/// Makes a graph out of another one, node by node; values of the old one are spoken of by their old ids. Values that no node
/// makes are taken over first, in their order.
class Copy {
public:
    /// `keeps`: which of the values that no node makes are taken over; empty = all.
    explicit Copy(const Graph& from, const std::function<bool(ValueId)>& keeps = {});

    /// The new graph as far as it is there, for what is added besides.
    Graph& made() { return m_to; }
    /// The value's new id; kNone where it was not taken over.
    ValueId of(ValueId old) const { return old == kNone ? kNone : m_new[static_cast<std::size_t>(old)]; }
    /// From now on `made` stands for `old`.
    void put(ValueId old, ValueId made) { m_new[static_cast<std::size_t>(old)] = made; }

    /// The node as it is, over what stands for its inputs.
    void node(const Node& node) { this->node(*node.op, node.inputs, node.attributes, node); }
    /// Another operator in the place of `as`, with its name and block.
    void node(const OpEntry& op, const std::vector<ValueId>& inputs, const Attributes& attributes, const Node& as);

    /// With the outputs of the old graph.
    Graph finished();

private:
    ValueId copied(const Value& value);
    std::vector<ValueId> mapped(const std::vector<ValueId>& old) const;

    const Graph& m_from;
    Graph m_to;
    std::vector<ValueId> m_new;  ///< by the old ValueId
};

/// Without the nodes, parameters, buffers and constants that no output is made of.
Graph withoutIdle(const Graph& graph);

}  // namespace headroom::graph
