// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/models/models.h"
#include "base/plan/calibration.h"
#include "base/plan/device_model.h"
#include "base/plan/step_plan.h"
#include "base/plan/techniques.h"

// "Does it fit, and what makes it fit": the plan asked for many configurations at once. Pure; off the GUI's thread.
namespace headroom::plan {

struct FitQuestion {
    config::RunConfig config;
    models::Basis data;
    graph::DeviceKind device = graph::DeviceKind::Cpu;
    Bytes budget = 0;
    /// Seconds that an optimizer step of a configuration takes; empty = nobody knows.
    std::function<double(const config::RunConfig&, const graph::Graph&, const StepOptions&, const StepPlan&)> seconds = {};
};
/// FitQuestion::seconds by the device's roofline and the runs that were measured; empty where the device's rates are not
/// known.
decltype(FitQuestion::seconds) stepSeconds(const DeviceModel& device, const Calibration& calibration);

/// One way to stay within the budget.
struct Fit {
    config::RunConfig config;  ///< that does it
    TechniqueSet techniques;   ///< turned on beyond the question's configuration
    std::vector<std::string_view> changed;  ///< paths of fields that differ from the question's; empty: as it is
    std::int64_t microBatch = 0, microBatches = 1;
    Bytes peak = 0;                   ///< of the process, as the budget counts it
    std::optional<double> seconds;    ///< of an optimizer step
    /// Share that a step takes longer than without techniques: in the micro-batches that fit then, or, where none do, with
    /// the whole batch at once.
    std::optional<double> extraTime;
};

/// Every combination of up to three techniques, and all that help together, where it fits, each with the largest micro-batch
/// that fits with it. An automatic micro-batch stays automatic (halves of the batch are compared), another one is made smaller
/// to a divisor of the batch. A combination is left out where some of its techniques alone allow as large a micro-batch and are
/// as fast. Best first: the fewest seconds a step where they are known, else the fewest changes, then the fewest micro-batches,
/// then the smallest peak.
/// Throws MEM-02 where nothing fits, and as netOf().
std::vector<Fit> waysToFit(const FitQuestion& question);

/// Whether a batch fits with some techniques, and how.
struct MatrixCell {
    std::int64_t batch = 0;
    bool fits = false;            ///< in micro-batches of the size below
    std::int64_t microBatch = 1;  ///< largest that fits, else the smallest that the techniques allow
    std::int64_t microBatches = 1;
    Bytes peak = 0;               ///< of the process with these micro-batches
};

struct MatrixRow {
    TechniqueSet techniques;        ///< beyond the configuration's; empty in the first row
    std::vector<MatrixCell> cells;  ///< one a batch
};

/// What fits: batches by techniques. Micro-batches are chosen automatically everywhere.
struct FitMatrix {
    std::vector<std::int64_t> batches;  ///< powers of two around the configuration's batch, and that one itself
    std::vector<MatrixRow> rows;        ///< as configured, each technique alone, all that lower the peak together
};
/// Throws as netOf().
FitMatrix whatFits(const FitQuestion& question);

/// The configuration that a cell stands for.
config::RunConfig configOf(const FitQuestion& question, const MatrixRow& row, const MatrixCell& cell);

}  // namespace headroom::plan
