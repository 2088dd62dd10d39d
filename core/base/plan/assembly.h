// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/analysis.h"
#include "base/plan/step_plan.h"

// From the programs of its micro-batches to a whole optimizer step.
namespace headroom::plan {

/// By NodeId: what does not wait in memory for the backward pass. Empty: nothing.
struct Placement {
    std::vector<bool> recompute, offload;
    auto operator<=>(const Placement&) const = default;
};

/// What a step says about its micro-batches.
LowerOptions loweringOf(const StepOptions& options);

/// The step with that placement; `analysis` has been scheduled for it.
StepPlan planned(const graph::Graph& graph, const StepOptions& options, const Analysis& analysis, Placement placement);

}  // namespace headroom::plan
