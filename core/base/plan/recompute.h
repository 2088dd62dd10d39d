// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/program.h"

// Which nodes the backward pass makes again in place of keeping what they made (Chen, Xu, Zhang, Guestrin: Training deep
// nets with sublinear memory cost, arXiv 1604.06174). All lists are by NodeId, as LowerOptions::recompute takes them.
namespace headroom::plan {

enum class Recompute {
    Off,
    Cheap,   ///< what costs little to make again: everything but matrix products, convolutions and attention
    Blocks,  ///< everything inside a block; what leaves a block is kept
    Auto     ///< the cheapest choice whose step stays within a budget
};

/// No chain of them reaches from block to block: all of it would have to be made at once.
std::vector<bool> cheapNodes(const graph::Graph& graph);
std::vector<bool> blockNodes(const graph::Graph& graph);

/// What a node's forward takes, by FLOPs and bytes moved, in a unit of its own: for comparing choices.
double forwardTime(const graph::ResolvedNode& node);

/// Stretches of the graph (blocks, or single nodes outside of any) are kept, lightened of their cheap nodes, or made again
/// as a whole, alone or several together: dynamic programming over what waits for the backward pass finds the choice of
/// least time whose activations stay within `budget` bytes. A reckoning: the plan of the step decides whether it fits.
/// Empty where no choice fits by it.
std::vector<bool> cheapestNodes(const graph::Graph& graph, const LowerOptions& options, Bytes budget);

}  // namespace headroom::plan
