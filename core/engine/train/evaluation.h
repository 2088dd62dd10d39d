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

/// [class, predicted class] of the targets that count, both of one shape.
at::Tensor confusionOf(const at::Tensor& predicted, const at::Tensor& target, std::int64_t classes);

/// Of [class, predicted class] in pixels. 0 where there are none.
struct IouFigures {
    double accuracy = 0;
    double mean = 0;  ///< over the classes that occur or were predicted: pixels in both over pixels in either
};
IouFigures iouOf(const at::Tensor& confusion);

/// Loss, accuracy, mean intersection over union or R2 of a part, without training anything. R2 = 1 - sum (y - p)^2 / sum (y - mean y)^2, which does not
/// depend on how the target was scaled.
Metrics evaluate(Passes& passes, run::TensorSet& tensors, const data::Source& source, const EvaluationOptions& options);

}  // namespace headroom::train
