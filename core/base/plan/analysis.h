// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/program.h"

namespace headroom::plan {

/// What lowering has to know of the whole graph before it writes the first instruction.
struct Analysis {
    std::vector<graph::ResolvedTensor> values;     ///< by ValueId
    std::vector<graph::ResolvedNode> nodes;        ///< by NodeId, as the kernels see them
    std::vector<std::vector<graph::Saved>> saves;  ///< by NodeId; empty where there is no backward
    std::vector<bool> wantsGradient;               ///< by ValueId: parameters and what is made of them
    std::vector<bool> runsBackward;                ///< by NodeId
    std::vector<bool> kept;                        ///< by ValueId: alive to the end
    std::vector<int> uses;  ///< by ValueId: forward reads, and saves of it for a backward (not of its cast copy)

    bool casts(const graph::Node& node, std::size_t input, Precision precision) const;
};

Analysis analyse(const graph::Graph& graph, const LowerOptions& options);

/// lower() with the analysis at hand: it is the same whether gradients are absent or present.
Program lower(const graph::Graph& graph, const LowerOptions& options, const Analysis& analysis);

}  // namespace headroom::plan
