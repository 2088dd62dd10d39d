// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "base/config/run_config.h"

namespace headroom::train {

/// A configuration against its data, without training: `steps_per_epoch`, `total_steps`, `parameters`, `micro_batch`,
/// `peak` bytes of a planned step and `memory`, the bytes of each kind at that moment. Throws as data::load, models::build
/// and plan::microBatchFor.
nlohmann::json check(const config::RunConfig& config);

}  // namespace headroom::train
