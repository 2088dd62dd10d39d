// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

#include "base/plan/program.h"

// Which nodes the backward pass makes again in place of keeping what they made (Chen, Xu, Zhang, Guestrin: Training deep
// nets with sublinear memory cost, arXiv 1604.06174). All lists are by NodeId, as LowerOptions::recompute takes them.
namespace headroom::plan {

struct Analysis;

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

/// Consecutive nodes [begin, end) that are decided on together: a block, or a single node outside of any.
struct Stretch {
    std::size_t begin, end;
};

/// Every stretch of a graph is kept, lightened of its cheap nodes, or made again as a whole, alone or several together. What
/// each of that costs is reckoned once and serves every budget.
class Reckoning {
public:
    /// By the analysis of a step; what it makes again does not matter.
    Reckoning(const graph::Graph& graph, const LowerOptions& options, const Analysis& analysis);

    /// Dynamic programming over what waits for the backward pass finds the choice of least time whose activations stay
    /// within `budget` bytes. The plan of the step decides whether it fits. Empty where no choice fits by the reckoning.
    std::vector<bool> cheapestNodes(Bytes budget) const;
    /// Share of the forward pass that such an order of instructions runs a second time, by forwardTime().
    double shareMadeAgain(const Analysis& analysis) const;

private:
    /// What a way to treat the stretches [from, to] costs.
    struct Treatment {
        enum class How { Keep, Cheap, All } how = How::Keep;
        std::size_t from = 0, to = 0;
        Bytes kept = 0;    ///< waits from its forward to its backward
        Bytes inside = 0;  ///< comes on top while its backward runs
        double time = 0;   ///< of what is made again
    };
    struct NodeCost {
        Bytes waits = 0;  ///< of what the node makes: read by a backward
        Bytes moved = 0;  ///< gradients around the node while it runs backward
        double time = 0;  ///< forwardTime()
    };
    class Search;

    bool flags(Treatment::How how, std::size_t node, std::size_t end) const;
    Treatment treat(Treatment::How how, std::size_t from, std::size_t to) const;

    const graph::Graph& m_graph;
    std::vector<graph::NodeId> m_last;     ///< by ValueId: the last node that reads it
    std::vector<Stretch> m_stretches;
    std::vector<NodeCost> m_costs;         ///< by NodeId
    std::vector<Treatment> m_treatments;   ///< all of them, by the stretch that they end with
};

}  // namespace headroom::plan
