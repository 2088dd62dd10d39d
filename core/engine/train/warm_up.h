// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "base/config/run_config.h"
#include "engine/data/dataset.h"
#include "engine/train/model_file.h"

namespace headroom::train {

/// Makes two steps of two samples with a net that is thrown away: libraries are loaded, threads have started, and what the
/// process grows by from then on is the run's own. Leaves the kept memory of tensors with the system. `folder` is for
/// what the configuration keeps outside of memory. CPU only.
void warmUp(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file, const std::filesystem::path& folder);

}  // namespace headroom::train
