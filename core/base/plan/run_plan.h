// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>

#include "base/config/run_config.h"
#include "base/errors/error.h"
#include "base/models/models.h"
#include "base/plan/estimate.h"
#include "base/plan/step_plan.h"

namespace headroom::plan {

/// What a plan has to know of the data and of the model's file.
struct RunData {
    models::DataShape shape;
    std::int64_t training = 0, validation = 0;  ///< samples of each part
    std::shared_ptr<const graph::Graph> file{};  ///< as in models::Basis
};

/// A run before it is made: what a step holds in memory, whether that fits, how long all takes and what it costs.
struct RunPlan {
    graph::Graph graph;   ///< as training runs it; the plan's nodes are its nodes
    StepOptions options;  ///< of the step; `microBatches` is the accumulation
    StepPlan step;
    std::int64_t parameters = 0;
    std::int64_t microBatch = 0, stepsPerEpoch = 0, totalSteps = 0;
    std::optional<Bytes> budget;  ///< nothing: no limit is known
    bool fits = true;
    Bytes processPeak = 0;  ///< with what runs of this home showed beyond the plan
    Bytes features = 0;     ///< kept in the machine's memory beside all steps (keptFeatures())
    /// Of them, what counts in the budget: on a GPU they lie outside of its memory.
    Bytes featuresInBudget() const { return options.device == graph::DeviceKind::Cpu ? features : 0; }
    RunWork work;
    std::optional<Estimate> estimate;  ///< nothing where the device's rates are not known
};

struct RunPlanOptions {
    std::optional<Bytes> budget{};
    /// As the run has it already; nothing: the configuration's, and where that is automatic the largest that fits
    /// (one sample where not even that does).
    std::optional<std::int64_t> microBatch{};
    std::optional<Interval> measuredStep{};  ///< seconds of steps of this very run, just taken
};

/// Pure: no file, no device is looked at. Throws as netOf(), CFG-11 where the device
/// lacks the precision.
RunPlan planRun(const config::RunConfig& config, const RunData& data, const DeviceModel& device,
                const Calibration& calibration, const RunPlanOptions& options = {});

/// What a device has for a run where nobody said: of this machine's memory the automatic share of what is available; of a
/// GPU all of it, its context counted.
Bytes automaticBudget(const DeviceModel& device, Bytes available);

/// Why the plan does not fit, and what would: MEM-01 where smaller micro-batches would, MEM-02 where not even single
/// samples do, featuresExceed() where no step counts any more. Nothing where it fits.
std::optional<Failure> misfit(const config::RunConfig& config, const RunPlan& plan);

CalibrationKey calibrationKey(const config::RunConfig& config, const DeviceModel& device);

}  // namespace headroom::plan
