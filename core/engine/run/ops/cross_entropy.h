// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>

namespace headroom::run {

/// Rows of logits [n, classes] against targets [n] (whole numbers), as graph::kSoftmaxCrossEntropy has it.
struct RowLosses {
    at::Tensor sum;        ///< [1], in double where the own loops run, else in the type of logSumExp
    at::Tensor logSumExp;  ///< [n], at least fp32
};
struct CrossEntropyOptions {
    double smoothing = 0;
    std::int64_t ignored = std::numeric_limits<std::int64_t>::min();  ///< rows with this target count for nothing
};
RowLosses crossEntropy(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options);

/// Gradient of the sum times `factor` ([1]; undefined: 1), into `gradient`, which may be the logits themselves.
void crossEntropyGradient(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options, const at::Tensor& logSumExp,
                          const at::Tensor& factor, const at::Tensor& gradient);

/// Targets of any shape and whole type as [n] in int64.
at::Tensor flatTargets(const at::Tensor& targets);

}  // namespace headroom::run
