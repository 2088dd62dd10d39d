// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/run/simd/simd.h"

namespace headroom::run {

/// Fewer elements than this are not worth a second thread.
constexpr std::int64_t kParallelElements = 16384;

/// Of each channel of a tensor in layout, over all other dimensions. Summed in blocks of a fixed size and joined in
/// order in double precision (Chan, Golub and LeVeque 1983), so the result does not depend on the number of threads.
struct BatchStatistics {
    std::vector<double> mean, unbiasedVariance;
    std::vector<float> invstd;  ///< 1 / sqrt(biased variance + epsilon)
};
BatchStatistics batchStatistics(const at::Tensor& x, double epsilon);

/// Of each channel: sums of the masked gradient, and of its products with (x - mean).
struct BatchSums {
    std::vector<double> gradient, product;

    at::Tensor scaleGradient(const float* invstd, at::Device device) const;
    at::Tensor shiftGradient(at::Device device) const;
};
BatchSums batchSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& y, const simd::BatchGradient& what);

/// dx = scale invstd (g - mean(g) - xhat mean(g xhat)) and dsummand = g; either may be undefined.
void batchInputGradient(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& y, const at::Tensor& dx,
                        const at::Tensor& dsummand, simd::BatchGradient what, const BatchSums& sums, const float* scale,
                        const float* invstd);

/// Sums of the columns of a matrix [rows, width], in order, as a tensor.
at::Tensor columnSum(const float* matrix, std::int64_t rows, std::int64_t width, at::Device device);

}  // namespace headroom::run
