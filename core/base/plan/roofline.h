// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/device_model.h"
#include "base/plan/step_plan.h"

// The least time that work takes on a device: each node the longer of its arithmetic at the device's rate and its bytes at
// the device's bandwidth (Williams, Waterman, Patterson: Roofline, 2009), and the time to start it. Real runs take longer;
// how much longer is what calibration knows.
namespace headroom::plan {

/// Seconds of one micro-batch, forward and (training) backward, as the program runs it.
double rooflineSeconds(const graph::Graph& graph, const Program& program, const DeviceModel& device);

/// The same by NodeId, without what comes and goes outside of the device's memory.
std::vector<double> nodeSeconds(const graph::Graph& graph, const Program& program, const DeviceModel& device);

/// Seconds of the update: it reads the gradients, and reads and writes weights, optimizer state and averages. With
/// `clips` the gradients' norm is taken and they are scaled.
double updateSeconds(const graph::Graph& graph, const StepPlan& step, const StepOptions& options, bool clips,
                     const DeviceModel& device);

/// Seconds of an optimizer step: its micro-batches and the update.
double rooflineSeconds(const graph::Graph& graph, const StepPlan& step, const StepOptions& options, bool clips,
                       const DeviceModel& device);

}  // namespace headroom::plan
