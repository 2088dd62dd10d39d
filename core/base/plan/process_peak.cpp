// SPDX-License-Identifier: Apache-2.0
#include "base/plan/process_peak.h"

#include <algorithm>

#include "base/graph/ops/convolution.h"
#include "base/plan/device_model.h"

namespace headroom::plan {
namespace {

// What the process takes beside the pools, as tests/bench/memory and the receipts of runs show it: code that the libraries
// generate for each shape, buffers of their own, loader, record and checkpoints.
constexpr Bytes kPrograms = 5 * kMiB;
constexpr Bytes kConvolutions = 11 * kMiB;

constexpr Bytes kSegment = 20 * kMiB;       // LibTorch's allocator asks CUDA for 2 and 20 MiB at a time ...
constexpr Bytes kSegmentGrain = 2 * kMiB;   // ... and for large tensors in multiples of 2 MiB

Bytes roundedUp(Bytes bytes, Bytes grain) { return (bytes + grain - 1) / grain * grain; }

}  // namespace

Bytes fixedPart(const graph::Graph& graph, graph::DeviceKind device) {
    if (device == graph::DeviceKind::Cuda) return kCudaContext + kSegment;
    const bool convolves = std::ranges::any_of(graph.nodes(), [](const graph::Node& node) { return node.op == &graph::kConv; });
    return kPrograms + (convolves ? kConvolutions : 0);
}

Bytes processPeak(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device) {
    return processPeak(graph, step.peak, device == graph::DeviceKind::Cuda ? PoolUse{} : poolUse(step), device);
}

Bytes processPeak(const graph::Graph& graph, Bytes tensors, const PoolUse& pools, graph::DeviceKind device) {
    const bool isOnGpu = device == graph::DeviceKind::Cuda;
    return fixedPart(graph, device) + (isOnGpu ? roundedUp(tensors, kSegmentGrain) : std::max(tensors, pools.total()));
}

Bytes processNeed(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget) {
    const Bytes fixed = fixedPart(graph, device);
    return step.peak > budget - fixed ? step.peak + fixed : processPeak(graph, step, device);
}

bool fits(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget) {
    return processNeed(graph, step, device, budget) <= budget;
}

bool mayKeepBest(const graph::Graph& graph, const StepPlan& step, graph::DeviceKind device, Bytes budget) {
    return step.stateOutside == 0 && (budget == 0 || fits(graph, step, device, budget - step.bestCopy));
}

Bytes poolBudget(const graph::Graph& graph, graph::DeviceKind device, Bytes budget) {
    return std::max<Bytes>(budget - fixedPart(graph, device), 1);
}

}  // namespace headroom::plan
