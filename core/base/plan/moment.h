// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/plan/step_plan.h"

namespace headroom::plan {

/// A moment of the step in words: "between steps", "the update", "forward of conv1", "forward again
/// of conv1", "backward of conv1".
std::string momentText(const graph::Graph& graph, const StepPlan& step, Stage stage, std::uint32_t instruction);

/// When in the step its peak comes, in the same words.
std::string peakMoment(const graph::Graph& graph, const StepPlan& step);

/// The node that runs at the peak; kNone between steps and in the update.
graph::NodeId peakNode(const StepPlan& step);

}  // namespace headroom::plan
