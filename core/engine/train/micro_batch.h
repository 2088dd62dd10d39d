// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/plan/step_plan.h"
#include "base/units/units.h"

namespace headroom::train {

/// Largest micro-batch whose planned step stays within `budget` bytes: the effective batch in as few equal parts as
/// possible. `step` holds all else of the step; its batch and number of micro-batches are set here. Throws MEM-02 where not
/// even single samples fit.
std::int64_t largestMicroBatch(const graph::Graph& graph, plan::StepOptions step, std::int64_t effectiveBatch, Bytes budget);

/// What training may use when nobody said: nine tenths of the memory that is available on the machine.
Bytes automaticBudget();

}  // namespace headroom::train
