// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/plan/estimate.h"
#include "base/plan/step_plan.h"

// The micro-batch of most samples a second: the plan says which sizes fit, real steps of those say which is fastest.
namespace headroom::plan {

/// Micro-batches worth measuring, largest first: the largest divisor of the effective batch whose planned step stays within
/// `budget` (none: any does), then each time the largest that is at most half as large; at most five. `step` holds all else.
std::vector<std::int64_t> sizesToMeasure(const graph::Graph& graph, StepOptions step, std::int64_t effectiveBatch,
                                         std::optional<Bytes> budget);

/// Real steps in micro-batches of one size.
struct MeasuredSize {
    std::int64_t microBatch = 0;
    Interval step;  ///< seconds of a whole optimizer step: least, median, most
    double samplesPerSecond = 0;
    Bytes peak = 0;  ///< of the tensors
};

/// From the worker's array; sizes that ran out of memory are left out.
std::vector<MeasuredSize> measuredSizes(const nlohmann::json& array);

/// The one of most samples a second; of several within a fiftieth of it the one that takes least memory. Nothing of none.
std::optional<MeasuredSize> fastest(const std::vector<MeasuredSize>& sizes);

}  // namespace headroom::plan
