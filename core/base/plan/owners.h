// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/plan/step_plan.h"

namespace headroom::plan {

/// Something that holds memory at the peak of a step.
struct Owner {
    enum class What {
        Tensor,  ///< a slot of the program
        Inside,  ///< of the node that runs: its workspace, and gradients that its kernel has made and not handed on yet
        Beside   ///< what stays beside the tensors of a micro-batch: optimizer state, averages, batches held ready, copies
    } what = What::Tensor;
    std::string name;                   ///< of the tensor, else empty: "layer1.0.conv1.weight", "relu.saved.0"
    graph::NodeId node = graph::kNone;  ///< that makes it; of what is given, the first node that reads it
    Kind kind = Kind::Other;
    Bytes bytes = 0;
    /// Instructions of the peak's program during which it is there, both counted in.
    std::uint32_t from = 0, to = 0;
};

/// The program of the stage that the peak lies in; in the stages without one of their own, the first micro-batch's.
const Program& peakProgram(const StepPlan& step);

/// Everything that is alive at the peak, largest first. By kind they add up to StepPlan::atPeak.
std::vector<Owner> ownersAtPeak(const graph::Graph& graph, const StepPlan& step);

}  // namespace headroom::plan
