// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/plan/batch_finder.h"
#include "base/plan/run_plan.h"
#include "cli/print.h"

namespace headroom::cli {

/// What `plan` prints of a plan: one document, the six figures beside `plan`, which says how they come about. `sizes`: the
/// micro-batches that were measured.
Json planDocument(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                  const std::vector<plan::MeasuredSize>& sizes = {});
/// The same for people.
std::string readablePlan(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                         const std::vector<plan::MeasuredSize>& sizes = {});

}  // namespace headroom::cli
