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
LowerOptions loweringOf(const StepOptions& options, const Placement& placement);

/// The program of a step's first micro-batch, and the one of its last, which stands for all but the first. `analysis` has been
/// scheduled for the placement. In no step does the first take more tensors than the last: its gradients are yet to come.
Program firstMicroBatch(const graph::Graph& graph, const StepOptions& options, const Placement& placement, const Analysis& analysis,
                        Owners owners);
Program lastMicroBatch(const graph::Graph& graph, const StepOptions& options, const Placement& placement, const Analysis& analysis,
                       Owners owners);

/// What stays beside the tensors of such a micro-batch, weights and gradients.
BytesByKind heldBeside(const graph::Graph& graph, const StepOptions& options, const Program& program);

/// The step of these micro-batches; `next` is empty with one of them.
StepPlan assembled(const graph::Graph& graph, const StepOptions& options, Program first, Program next, Placement placement);

}  // namespace headroom::plan
