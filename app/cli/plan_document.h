// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/plan/run_plan.h"
#include "cli/print.h"

namespace headroom::cli {

/// What `plan` prints of a plan: one document, the six figures beside `plan`, which says how they come about.
Json planDocument(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config);
/// The same for people.
std::string readablePlan(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config);

}  // namespace headroom::cli
