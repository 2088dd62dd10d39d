// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/plan/batch_finder.h"
#include "base/plan/run_plan.h"
#include "cli/print.h"

namespace headroom::cli {

/// What a folder of pictures takes of this machine's memory beside the run: bytes of all of them decoded, of those that stay so, and of the
/// threads that decode.
struct PicturePlan {
    Bytes all = 0, kept = 0, decoding = 0;
    Bytes held() const { return kept + decoding; }
};

/// What `plan` prints of a plan: one document, the six figures beside `plan`, which says how they come about. `sizes`: the
/// micro-batches that were measured.
Json planDocument(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                  const std::vector<plan::MeasuredSize>& sizes = {}, const PicturePlan& pictures = {});
/// The same for people.
std::string readablePlan(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                         const std::vector<plan::MeasuredSize>& sizes = {}, const PicturePlan& pictures = {});

}  // namespace headroom::cli
