// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "base/config/run_config.h"
#include "base/store/run_folder.h"
#include "engine/data/dataset.h"
#include "engine/train/model.h"

namespace headroom::deploy {

enum class Weights { Last, Best };

/// A run's net with the weights that its evaluations show (the averaged ones where the run keeps them), beside its data.
struct TrainedModel {
    store::RunFolder run;
    config::RunConfig config;
    data::Dataset dataset;
    std::unique_ptr<train::Model> model;  ///< on the CPU
    std::int64_t step = 0;                ///< of the checkpoint
};

/// From the run's newest whole checkpoint, or the one of its best evaluation. Throws CKP-08 where there is none, CKP-03 where it is of another model, and
/// what reading configuration and data throws.
TrainedModel openTrained(const store::RunFolder& run, Weights weights = Weights::Last);

/// All samples of a part prepared as the net takes them, in fp32: what the prover and the source both run.
data::Samples provingSamples(const data::Source& source);

/// Logits [rows, outputs] of the source in fp32 for such samples.
at::Tensor sourceLogits(const TrainedModel& trained, const data::Samples& samples);

}  // namespace headroom::deploy
