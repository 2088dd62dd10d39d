// SPDX-License-Identifier: Apache-2.0
#include "engine/run/ops/batch_statistics.h"

#include <algorithm>
#include <cmath>

#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

/// Rows that fit the first-level cache together, whatever the number of threads.
struct Blocks {
    std::int64_t rows, channels, blockRows, count;

    explicit Blocks(const at::Tensor& x) {
        constexpr std::int64_t kElements = 8192;
        const Rows shape = rowsOf(x);
        rows = shape.rows;
        channels = shape.channels;
        blockRows = std::max<std::int64_t>(8, kElements / std::max<std::int64_t>(1, channels));
        count = (rows + blockRows - 1) / blockRows;
    }
    std::int64_t first(std::int64_t block) const { return block * blockRows; }
    std::int64_t size(std::int64_t block) const { return std::min(blockRows, rows - first(block)); }
    std::int64_t grain() const { return 1 + kParallelElements / (blockRows * channels); }
};

at::Tensor asTensor(const std::vector<double>& values, at::Device device) {
    at::Tensor tensor = emptyFloats({static_cast<std::int64_t>(values.size())}, device);
    std::transform(values.begin(), values.end(), elements<float>(tensor), [](double v) { return static_cast<float>(v); });
    return tensor;
}

}  // namespace

BatchStatistics batchStatistics(const at::Tensor& x, double epsilon) {
    const Blocks blocks(x);
    const auto channels = static_cast<std::size_t>(blocks.channels);
    std::vector<float> partial(2 * channels * static_cast<std::size_t>(blocks.count));
    withElement(x, [&]<class T>() {
        parallel(blocks.count, blocks.grain(), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t block = begin; block < end; ++block) {
                float* at = partial.data() + 2 * blocks.channels * block;
                simd::table<T>().moments(elements<T>(x) + blocks.first(block) * blocks.channels, blocks.size(block),
                                         blocks.channels, at, at + blocks.channels);
            }
        });
    });
    std::vector<double> mean(channels), squares(channels);
    for (std::int64_t block = 0; block < blocks.count; ++block) {
        const float* at = partial.data() + 2 * blocks.channels * block;
        const auto here = static_cast<double>(blocks.size(block)), before = static_cast<double>(blocks.first(block));
        const double share = here / (before + here), weight = before * share;
        for (std::size_t c = 0; c < channels; ++c) {
            const double delta = at[c] - mean[c];
            mean[c] += delta * share;
            squares[c] += at[c + channels] + delta * delta * weight;
        }
    }
    BatchStatistics statistics{std::move(mean), std::vector<double>(channels), std::vector<float>(channels)};
    const auto rows = static_cast<double>(blocks.rows);
    for (std::size_t c = 0; c < channels; ++c) {
        statistics.invstd[c] = static_cast<float>(1 / std::sqrt(squares[c] / rows + epsilon));
        statistics.unbiasedVariance[c] = squares[c] / std::max(1.0, rows - 1);
    }
    return statistics;
}

BatchSums batchSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& y, const simd::BatchGradient& what) {
    const Blocks blocks(x);
    const auto channels = static_cast<std::size_t>(blocks.channels);
    std::vector<float> partial(2 * channels * static_cast<std::size_t>(blocks.count));
    withElement(x, [&]<class T>() {
        parallel(blocks.count, blocks.grain(), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t block = begin; block < end; ++block) {
                const std::int64_t offset = blocks.first(block) * blocks.channels;
                float* at = partial.data() + 2 * blocks.channels * block;
                simd::table<T>().batchSums(elements<T>(dy) + offset, elements<T>(x) + offset, elements<T>(y) + offset,
                                           blocks.size(block), blocks.channels, what, at, at + blocks.channels);
            }
        });
    });
    BatchSums sums{std::vector<double>(channels), std::vector<double>(channels)};
    for (std::int64_t block = 0; block < blocks.count; ++block)
        for (std::size_t c = 0; c < channels; ++c) {
            const float* at = partial.data() + 2 * blocks.channels * block;
            sums.gradient[c] += at[c];
            sums.product[c] += at[c + channels];
        }
    return sums;
}

at::Tensor BatchSums::scaleGradient(const float* invstd, at::Device device) const {
    std::vector<double> values(product);
    for (std::size_t c = 0; c < values.size(); ++c) values[c] *= invstd[c];
    return asTensor(values, device);
}

at::Tensor BatchSums::shiftGradient(at::Device device) const { return asTensor(gradient, device); }

void batchInputGradient(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& y, const at::Tensor& dx,
                        const at::Tensor& dsummand, simd::BatchGradient what, const BatchSums& sums, const float* scale,
                        const float* invstd) {
    const auto [rows, channels] = rowsOf(x);
    std::vector<float> factor(sums.gradient.size()), input(factor.size()), offset(factor.size());
    for (std::size_t c = 0; c < factor.size(); ++c) {
        const double k = static_cast<double>(scale[c]) * invstd[c], n = static_cast<double>(rows);
        factor[c] = static_cast<float>(k);
        input[c] = static_cast<float>(-k * invstd[c] * invstd[c] * sums.product[c] / n);
        offset[c] = static_cast<float>(-k * sums.gradient[c] / n);
    }
    what.gradientFactor = factor.data();
    what.inputFactor = input.data();
    what.offset = offset.data();
    withElement(x, [&]<class T>() {
        parallel(rows, kParallelElements / channels, [&, channels = channels](std::int64_t begin, std::int64_t end) {
            const std::int64_t at = begin * channels;
            simd::table<T>().batchBackward(elements<T>(dy) + at, elements<T>(x) + at, elements<T>(y) + at,
                                           dx.defined() ? elements<T>(dx) + at : nullptr,
                                           dsummand.defined() ? elements<T>(dsummand) + at : nullptr, end - begin,
                                           channels, what);
        });
    });
}

at::Tensor columnSum(const float* matrix, std::int64_t rows, std::int64_t width, at::Device device) {
    std::vector<double> sums(static_cast<std::size_t>(width));
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < width; ++c) sums[static_cast<std::size_t>(c)] += matrix[r * width + c];
    return asTensor(sums, device);
}

}  // namespace headroom::run
