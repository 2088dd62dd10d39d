// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/config/run_config.h"
#include "base/models/models.h"
#include "base/plan/step_plan.h"
#include "base/units/units.h"

namespace headroom::train {

/// What a configuration says about the plan of a step; batch and number of micro-batches are not set.
plan::StepOptions stepOptions(const config::RunConfig& config, const models::DataShape& shape);

/// The configuration's micro-batch, or, where it is automatic, the largest that fits the budget. On CUDA without a budget
/// that is the whole batch. Throws as largestMicroBatch, CFG-04.
std::int64_t microBatchFor(const config::RunConfig& config, const graph::Graph& graph, const models::DataShape& shape,
                           graph::DeviceKind device);

/// Largest micro-batch whose planned step stays within `budget` bytes: the effective batch in as few equal parts as
/// possible. `step` holds all else of the step; its batch and number of micro-batches are set here. Throws MEM-02 where not
/// even single samples fit.
std::int64_t largestMicroBatch(const graph::Graph& graph, plan::StepOptions step, std::int64_t effectiveBatch, Bytes budget);

/// What training may use when nobody said: nine tenths of the memory that is available on the machine.
Bytes automaticBudget();

}  // namespace headroom::train
