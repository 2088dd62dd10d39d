// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::graph {

/// Where the tokens of a net for text lie in each of its values, as far as every row of a value depends on tokens up to its own alone.
class TokenAxes {
public:
    /// Of the tokens [batch, sequence].
    TokenAxes(const Graph& net, ValueId tokens);

    /// Whether all that depends on tokens does so row by row, or through causal attention.
    bool areKnown() const { return m_known; }
    /// The dimension of the sequence, or that of batch and sequence in one; nothing where the value depends on no token.
    std::optional<std::size_t> of(ValueId id) const { return id == kNone ? std::nullopt : m_axes[static_cast<std::size_t>(id)]; }

    const Shape& shape(ValueId id) const { return m_net.value(id).type.shape; }
    /// Whether none of the node's inputs from that one on depends on a token.
    bool areFree(const Node& node, std::size_t from = 0) const;

private:
    const Graph& m_net;
    std::vector<std::optional<std::size_t>> m_axes;  ///< by ValueId
    bool m_known = true;
};

}  // namespace headroom::graph
