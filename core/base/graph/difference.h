// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/graph/graph.h"

namespace headroom::graph {

/// How a node stands to another graph.
enum class Standing { Same, Changed, Alone };

/// Two graphs compared node by node. Nodes of the same name belong together; they are the same where operator, attributes, and
/// the types of what they read and make are.
struct Difference {
    std::vector<Standing> first, second;   ///< by NodeId of each graph
    std::vector<NodeId> partner;           ///< by NodeId of the second graph: the first's node of that name, or kNone
};
Difference differenceOf(const Graph& first, const Graph& second);

}  // namespace headroom::graph
