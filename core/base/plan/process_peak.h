// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/plan/pool_model.h"
#include "base/plan/step_plan.h"

// What a run adds to memory: on the CPU what the worker's process grows by over the idle, warmed worker, on a GPU what it holds
// on the device. That is what a budget counts; every comparison of a plan with a budget goes through here.
namespace headroom::plan {

/// What comes on top of the tensors' pools, whatever the step: code that the libraries make for each shape and their own
/// buffers; on a GPU the context and a started segment of LibTorch's allocator.
Bytes fixedPart(const graph::Graph& graph, graph::DeviceKind device);

/// Most bytes that a run adds: the fixed part and what the pools hold.
Bytes processPeak(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device);

/// The same of a step whose tensors take `tensors` bytes at the peak.
Bytes processPeak(const graph::Graph& graph, Bytes tensors, const PoolUse& pools, graph::DeviceKind device);

/// The same for a comparison with `budget`: where tensors and fixed part alone are more, those; the pools need not be
/// followed then.
Bytes processNeed(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget);

/// Whether a run of such steps stays within `budget`.
bool fits(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget);

/// Whether a copy of the best weights may wait for the next checkpoint beside such steps: within `budget` (0: none), and never
/// where the optimizer's state lies outside of memory, which the copy would bring back.
bool mayKeepBest(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget);

/// What of a budget is left for the pools; at least one byte.
Bytes poolBudget(const graph::Graph& graph, graph::DeviceKind device, Bytes budget);

}  // namespace headroom::plan
