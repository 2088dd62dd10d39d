// SPDX-License-Identifier: Apache-2.0
#include "base/plan/process_peak.h"

#include <algorithm>

namespace headroom::plan {
namespace {

constexpr Bytes kHeader = 64;               // of a block of our allocator
constexpr Bytes kHalfGrain = 4096 / 2;      // large blocks are multiples of 4 KiB: half of one is lost on the mean
constexpr Bytes kSegment = 20 * kMiB;       // LibTorch's allocator asks CUDA for 2 and 20 MiB at a time ...
constexpr Bytes kSegmentGrain = 2 * kMiB;   // ... and for large tensors in multiples of 2 MiB

Bytes roundedUp(Bytes bytes, Bytes grain) { return (bytes + grain - 1) / grain * grain; }

}  // namespace

Bytes processPeak(const StepPlan& step, const DeviceModel& device) {
    if (device.kind == graph::DeviceKind::Cuda) return device.context + kSegment + roundedUp(step.peak, kSegmentGrain);
    const auto slots = static_cast<Bytes>(std::max(step.first.slots.size(), step.next.slots.size()));
    return step.peak + slots * (kHeader + kHalfGrain);
}

}  // namespace headroom::plan
