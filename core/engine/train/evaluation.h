// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/models/models.h"
#include "engine/data/source.h"
#include "engine/train/host.h"
#include "engine/train/passes.h"

namespace headroom::train {

struct EvaluationOptions {
    models::Task task = models::Task::Classification;
    std::int64_t batch = 256;
    std::int64_t threads = 1;  ///< of the loader
};

/// Loss, accuracy or R2 of a part, without training anything. R2 = 1 - sum (y - p)^2 / sum (y - mean y)^2, which does not
/// depend on how the target was scaled.
Metrics evaluate(Passes& passes, run::TensorSet& tensors, const data::Source& source, const EvaluationOptions& options);

}  // namespace headroom::train
