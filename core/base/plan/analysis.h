// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/program.h"

namespace headroom::plan {

/// One instruction to come.
struct Scheduled {
    Instruction::What what;
    graph::NodeId node;
    bool again;  ///< a forward for the second time
};

/// What lowering has to know of the whole graph before it writes the first instruction.
struct Analysis {
    std::vector<graph::ResolvedTensor> values;     ///< by ValueId
    std::vector<graph::ResolvedNode> nodes;        ///< by NodeId, as the kernels see them
    std::vector<std::vector<graph::Saved>> saves;  ///< by NodeId; empty where there is no backward
    std::vector<bool> wantsGradient;               ///< by ValueId: parameters and what is made of them
    std::vector<bool> runsBackward;                ///< by NodeId
    std::vector<bool> kept;                        ///< by ValueId: alive to the end
    std::vector<bool> flagged;                     ///< by NodeId: may be made again
    std::vector<bool> madeAgain;                   ///< by NodeId: is made again, and its first outputs go after the forward
    std::vector<Scheduled> schedule;               ///< all instructions in order
    /// By ValueId: reads by forwards, and saves of it for a backward (not of its cast copy); `usesAgain` of what is made
    /// for the second time.
    std::vector<int> uses, usesAgain;

    bool casts(const graph::Node& node, std::size_t input, Precision precision) const;
    /// Whether a backward casts the input for itself in place of keeping the forward's copy: parameters, which do not change.
    bool recasts(const graph::Graph& graph, const graph::Node& node, std::size_t input) const;
};

Analysis analyse(const graph::Graph& graph, const LowerOptions& options);

/// Orders anew what was analysed with another LowerOptions::recompute: nothing else of an analysis depends on it.
void schedule(const graph::Graph& graph, const LowerOptions& options, Analysis& analysis);

/// Slot::owner of a program: left out where nobody will read them.
enum class Owners { Named, LeftOut };

/// lower() with the analysis at hand: it is the same whether gradients are absent or present.
Program lower(const graph::Graph& graph, const LowerOptions& options, const Analysis& analysis, Owners owners = Owners::Named);

}  // namespace headroom::plan
