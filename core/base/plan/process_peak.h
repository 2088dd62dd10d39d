// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/plan/device_model.h"
#include "base/plan/step_plan.h"

namespace headroom::plan {

/// Most bytes that a run adds: on the CPU what the worker's process grows by over the idle, warmed worker; on a GPU what
/// it holds on the device, its context counted.
Bytes processPeak(const graph::Graph& graph, const StepPlan& step, const DeviceModel& device);

}  // namespace headroom::plan
