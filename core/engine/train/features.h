// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config/run_config.h"
#include "base/errors/interrupted.h"
#include "engine/data/dataset.h"
#include "engine/train/model_file.h"

namespace headroom::train {

/// The dataset as the net behind the frozen part sees it (models::cutFrozen): every sample goes through that part once, in the run's
/// precision; what comes out is kept in memory as fp32, or bf16 in a run of bf16. Shape, fingerprint and targets stay those of the data.
/// Throws as plan::netOf() and models::cutFrozen(), and Interrupted; before the first sample MEM-01 and MEM-02 where the features of all do not fit
/// into the run's budget (on a GPU: into the machine's memory), or no step beside them.
data::Dataset featuresOf(const config::RunConfig& config, const data::Dataset& dataset, ModelFile file, at::Device device, const GoesOn& goesOn = {});
/// Of the same form with zeros in place of features: to measure steps.
data::Dataset blankFeatures(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file);

}  // namespace headroom::train
