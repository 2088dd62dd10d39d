// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "base/config/run_config.h"

namespace headroom::train {

/// Real optimizer steps of the configuration, loader included, in micro-batches of each of these sizes: an array of
/// {"micro_batch", "step_s": [least, median, most], "samples_per_s", "peak_bytes"} - of one that ran out of memory without the
/// figures. Nothing is stored, and a step is made at a learning rate of 0. Throws as data::load and models::build.
nlohmann::json measure(const config::RunConfig& config, std::span<const std::int64_t> microBatches);

}  // namespace headroom::train
