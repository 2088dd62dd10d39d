// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/graph.h"

namespace headroom::graph {

/// Throws Error CFG-09 where a parameter on the way to the graph's first output gets no gradient, because no gradient passes an
/// operator in between; names those nodes.
void requireGradients(const Graph& graph);

}  // namespace headroom::graph
