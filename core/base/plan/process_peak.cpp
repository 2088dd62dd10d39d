// SPDX-License-Identifier: Apache-2.0
#include "base/plan/process_peak.h"

#include <algorithm>

#include "base/graph/ops/convolution.h"
#include "base/plan/pool_model.h"

namespace headroom::plan {
namespace {

// What the process takes beside the pools, as tests/bench/memory measures it: code that the libraries generate for each shape
// and buffers of their own.
constexpr Bytes kPrograms = 2 * kMiB;
constexpr Bytes kConvolutions = 11 * kMiB;

constexpr Bytes kSegment = 20 * kMiB;       // LibTorch's allocator asks CUDA for 2 and 20 MiB at a time ...
constexpr Bytes kSegmentGrain = 2 * kMiB;   // ... and for large tensors in multiples of 2 MiB

Bytes roundedUp(Bytes bytes, Bytes grain) { return (bytes + grain - 1) / grain * grain; }

}  // namespace

Bytes processPeak(const graph::Graph& graph, const StepPlan& step, const DeviceModel& device) {
    if (device.kind == graph::DeviceKind::Cuda) return device.context + kSegment + roundedUp(step.peak, kSegmentGrain);
    const bool convolves = std::ranges::any_of(graph.nodes(), [](const graph::Node& node) { return node.op == &graph::kConv; });
    return std::max(step.peak, poolPeak(step)) + kPrograms + (convolves ? kConvolutions : 0);
}

}  // namespace headroom::plan
