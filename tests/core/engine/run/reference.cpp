// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/ops/shape.h"

namespace headroom::test {
namespace {

using Inputs = std::vector<Plain>;
using Outputs = std::vector<Plain>;
using Ints = std::vector<std::int64_t>;

constexpr double kEpsilon = 1e-5;

std::int64_t product(const Ints& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}
Plain zeros(Ints shape) {
    const auto count = static_cast<std::size_t>(product(shape));
    return {std::move(shape), std::vector<double>(count)};
}
double& at(Plain& p, std::int64_t i) { return p.data[static_cast<std::size_t>(i)]; }
double at(const Plain& p, std::int64_t i) { return p.data[static_cast<std::size_t>(i)]; }
double& at4(Plain& p, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return at(p, ((a * p.shape[1] + b) * p.shape[2] + c) * p.shape[3] + d);
}
double at4(const Plain& p, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return at4(const_cast<Plain&>(p), a, b, c, d);
}

template <class F>
Outputs mapped(const Plain& x, F f) {
    Plain y = x;
    std::ranges::transform(y.data, y.data.begin(), f);
    return {y};
}

double geluOf(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double tanhGeluOf(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

/// Windows of a pooled or convolved picture.
struct Slide {
    std::int64_t kernel, stride, pad, dilation = 1;
    std::int64_t outExtent(std::int64_t in) const { return (in + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1; }
};

/// Calls f(input row, input column, row and column within the window) where that lies inside.
template <class F>
void window(const Plain& x, const Slide& s, std::int64_t row, std::int64_t column, F f) {
    for (std::int64_t i = 0; i < s.kernel; ++i)
        for (std::int64_t j = 0; j < s.kernel; ++j) {
            const std::int64_t y = row * s.stride - s.pad + i * s.dilation, z = column * s.stride - s.pad + j * s.dilation;
            if (y >= 0 && y < x.shape[2] && z >= 0 && z < x.shape[3]) f(y, z, i, j);
        }
}

template <class F>
void overPositions(const Plain& y, F f) {
    for (std::int64_t n = 0; n < y.shape[0]; ++n)
        for (std::int64_t c = 0; c < y.shape[1]; ++c)
            for (std::int64_t i = 0; i < y.shape[2]; ++i)
                for (std::int64_t j = 0; j < y.shape[3]; ++j) f(n, c, i, j);
}

Outputs convolution(const Inputs& in, const Slide& s, std::int64_t groups) {
    const Plain &x = in[0], &w = in[1];
    Plain y = zeros({x.shape[0], w.shape[0], s.outExtent(x.shape[2]), s.outExtent(x.shape[3])});
    const std::int64_t perGroup = w.shape[1], mapsPerGroup = w.shape[0] / groups;
    overPositions(y, [&](auto n, auto m, auto i, auto j) {
        double sum = in.size() > 2 ? at(in[2], m) : 0;
        for (std::int64_t c = 0; c < perGroup; ++c)
            window(x, s, i, j, [&](auto r, auto q, auto a, auto b) {
                sum += at4(x, n, m / mapsPerGroup * perGroup + c, r, q) * at4(w, m, c, a, b);
            });
        at4(y, n, m, i, j) = sum;
    });
    return {y};
}

Outputs maxPool(const Plain& x, const Slide& s) {
    Plain y = zeros({x.shape[0], x.shape[1], s.outExtent(x.shape[2]), s.outExtent(x.shape[3])});
    overPositions(y, [&](auto n, auto c, auto i, auto j) {
        double best = -std::numeric_limits<double>::infinity();
        window(x, s, i, j, [&](auto r, auto q, auto, auto) { best = std::max(best, at4(x, n, c, r, q)); });
        at4(y, n, c, i, j) = best;
    });
    return {y};
}

Outputs averagePool(const Plain& x, const Slide& s, bool countPadding) {
    Plain y = zeros({x.shape[0], x.shape[1], s.outExtent(x.shape[2]), s.outExtent(x.shape[3])});
    overPositions(y, [&](auto n, auto c, auto i, auto j) {
        double sum = 0, count = 0;
        window(x, s, i, j, [&](auto r, auto q, auto, auto) {
            sum += at4(x, n, c, r, q);
            ++count;
        });
        at4(y, n, c, i, j) = sum / (countPadding ? static_cast<double>(s.kernel * s.kernel) : count);
    });
    return {y};
}

Outputs globalAverage(const Plain& x) {
    Plain y = zeros({x.shape[0], x.shape[1], 1, 1});
    overPositions(x, [&](auto n, auto c, auto i, auto j) {
        at4(y, n, c, 0, 0) += at4(x, n, c, i, j) / static_cast<double>(x.shape[2] * x.shape[3]);
    });
    return {y};
}

/// Channel of element i of a tensor [n, c, ...].
std::int64_t channelOf(const Plain& x, std::int64_t i) {
    const std::int64_t inner = product({x.shape.begin() + 2, x.shape.end()});
    return i / inner % x.shape[1];
}

Outputs batchNorm(const Inputs& in, bool relu) {
    const Plain& x = in[0];
    std::vector<double> mean(static_cast<std::size_t>(x.shape[1])), variance(mean.size());
    const double n = static_cast<double>(x.count()) / static_cast<double>(x.shape[1]);
    const auto channel = [&](std::int64_t i) { return static_cast<std::size_t>(channelOf(x, i)); };
    for (std::int64_t i = 0; i < x.count(); ++i) mean[channel(i)] += at(x, i) / n;
    for (std::int64_t i = 0; i < x.count(); ++i) variance[channel(i)] += std::pow(at(x, i) - mean[channel(i)], 2) / n;
    Plain y = x;
    for (std::int64_t i = 0; i < x.count(); ++i) {
        const std::size_t c = channel(i);
        double v = (at(x, i) - mean[c]) / std::sqrt(variance[c] + kEpsilon) * in[1].data[c] + in[2].data[c];
        if (in.size() > 5) v += at(in[5], i);
        at(y, i) = relu ? std::max(0.0, v) : v;
    }
    return {y};
}

Outputs fixedBatchNorm(const Inputs& in) {
    Plain y = in[0];
    for (std::int64_t i = 0; i < y.count(); ++i) {
        const auto c = static_cast<std::size_t>(channelOf(y, i));
        at(y, i) = (at(in[0], i) - in[3].data[c]) / std::sqrt(in[4].data[c] + kEpsilon) * in[1].data[c] + in[2].data[c];
    }
    return {y};
}

Outputs layerNorm(const Inputs& in) {
    Plain y = in[0];
    const std::int64_t width = y.shape.back();
    for (std::int64_t r = 0; r < y.count() / width; ++r) {
        double mean = 0, variance = 0;
        for (std::int64_t i = 0; i < width; ++i) mean += at(in[0], r * width + i) / static_cast<double>(width);
        for (std::int64_t i = 0; i < width; ++i)
            variance += std::pow(at(in[0], r * width + i) - mean, 2) / static_cast<double>(width);
        for (std::int64_t i = 0; i < width; ++i)
            at(y, r * width + i) = (at(in[0], r * width + i) - mean) / std::sqrt(variance + kEpsilon) * at(in[1], i) +
                                   (in.size() > 2 ? at(in[2], i) : 0);
    }
    return {y};
}

Plain transposed(const Plain& m) {
    Plain t = zeros({m.shape[1], m.shape[0]});
    for (std::int64_t i = 0; i < m.shape[0]; ++i)
        for (std::int64_t j = 0; j < m.shape[1]; ++j) at(t, j * m.shape[0] + i) = at(m, i * m.shape[1] + j);
    return t;
}

/// [..., k] x [k, n], plus a vector where there is one.
Outputs product(const Plain& x, const Plain& w, const Plain* bias, double alpha = 1, double beta = 1) {
    Ints shape = x.shape;
    const std::int64_t k = shape.back(), n = w.shape[1];
    shape.back() = n;
    Plain y = zeros(shape);
    for (std::int64_t r = 0; r < y.count() / n; ++r)
        for (std::int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (std::int64_t i = 0; i < k; ++i) sum += at(x, r * k + i) * at(w, i * n + j);
            at(y, r * n + j) = alpha * sum + (bias ? beta * at(*bias, j) : 0);
        }
    return {y};
}

Outputs attention(const Inputs& in, std::int64_t heads, bool causal) {
    const std::int64_t b = in[0].shape[0], t = in[0].shape[1], s = in[1].shape[1], c = in[0].shape[2], d = c / heads;
    Plain y = zeros(in[0].shape);
    for (std::int64_t n = 0; n < b * heads * t; ++n) {
        const std::int64_t sample = n / (heads * t), head = n / t % heads, query = n % t, last = causal ? query + 1 : s;
        std::vector<double> p(static_cast<std::size_t>(last));
        for (std::int64_t j = 0; j < last; ++j)
            for (std::int64_t i = 0; i < d; ++i)
                p[static_cast<std::size_t>(j)] += at(in[0], (sample * t + query) * c + head * d + i) *
                                                  at(in[1], (sample * s + j) * c + head * d + i) / std::sqrt(static_cast<double>(d));
        double sum = 0;
        for (double& v : p) sum += v = std::exp(v);
        for (std::int64_t j = 0; j < last; ++j)
            for (std::int64_t i = 0; i < d; ++i)
                at(y, (sample * t + query) * c + head * d + i) +=
                    p[static_cast<std::size_t>(j)] / sum * at(in[2], (sample * s + j) * c + head * d + i);
    }
    return {y};
}

Outputs crossEntropy(const Inputs& in, double smoothing, double ignored = -1) {
    const std::int64_t classes = in[0].shape[1];
    Plain loss = zeros({1});
    for (std::int64_t r = 0; r < in[0].shape[0]; ++r) {
        if (at(in[1], r) == ignored) continue;
        double sum = 0;
        for (std::int64_t k = 0; k < classes; ++k) sum += std::exp(at(in[0], r * classes + k));
        for (std::int64_t k = 0; k < classes; ++k) {
            const double share = (static_cast<double>(k) == at(in[1], r) ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
            loss.data[0] -= share * (at(in[0], r * classes + k) - std::log(sum));
        }
    }
    return {loss};
}

Outputs squaredError(const Inputs& in) {
    Plain loss = zeros({1});
    for (std::int64_t i = 0; i < in[0].count(); ++i)
        loss.data[0] += std::pow(at(in[0], i) - at(in[1], i), 2) / static_cast<double>(in[0].shape[1]);
    return {loss};
}

Outputs gathered(const Inputs& in) {
    Ints shape = in[1].shape;
    shape.push_back(in[0].shape[1]);
    Plain y = zeros(shape);
    const std::int64_t width = in[0].shape[1];
    for (std::int64_t i = 0; i < y.count(); ++i)
        at(y, i) = at(in[0], static_cast<std::int64_t>(at(in[1], i / width)) * width + i % width);
    return {y};
}

Outputs withPositions(const Inputs& in) {
    Plain y = in[0];
    const std::int64_t sample = y.shape[1] * y.shape[2];
    for (std::int64_t i = 0; i < y.count(); ++i) at(y, i) += at(in[1], i % sample);
    return {y};
}

Outputs sum(const Inputs& in) {
    Plain y = in[0];
    for (std::int64_t i = 0; i < y.count(); ++i) at(y, i) += at(in[1], i % in[1].count());
    return {y};
}

Outputs reshaped(const Plain& x, Ints shape) { return {{std::move(shape), x.data}}; }

Outputs permuted(const Plain& x) {  // [a, b, c] -> [c, a, b]
    Plain y = zeros({x.shape[2], x.shape[0], x.shape[1]});
    for (std::int64_t i = 0; i < x.count(); ++i) at(y, i % x.shape[2] * (x.shape[0] * x.shape[1]) + i / x.shape[2]) = at(x, i);
    return {y};
}

Outputs thirds(const Plain& x) {
    const std::int64_t width = x.shape.back() / 3;
    Ints shape = x.shape;
    shape.back() = width;
    Outputs parts(3, zeros(shape));
    for (std::int64_t i = 0; i < x.count(); ++i) {
        const std::int64_t column = i % x.shape.back();
        at(parts[static_cast<std::size_t>(column / width)], i / x.shape.back() * width + column % width) = at(x, i);
    }
    return parts;
}

Plain positive(Ints shape, std::uint64_t seed) {
    Plain p = numbers(std::move(shape), seed);
    for (double& v : p.data) v = 1.2 + 0.5 * v;
    return p;
}

Plain whole(Ints shape, std::vector<double> content) { return {std::move(shape), std::move(content)}; }

std::vector<double> remainders(int count, int divisor) {
    std::vector<double> all;
    for (int i = 0; i < count; ++i) all.push_back(i * 5 % divisor);
    return all;
}

Inputs batchInputs(Ints shape, bool summand) {
    const std::int64_t c = shape[1];
    Inputs in{numbers(shape, 1), positive({c}, 2), numbers({c}, 3), zeros({c}), positive({c}, 4)};
    if (summand) in.push_back(numbers(shape, 5));
    return in;
}

void addProducts(std::vector<OperatorCase>& cases) {
    cases.push_back({"Gemm", &graph::kGemm, {}, {numbers({5, 7}, 1), numbers({7, 4}, 2), numbers({4}, 3)}, {}, {}, {},
                     [](const Inputs& in) { return product(in[0], in[1], &in[2]); }});
    cases.push_back({"Gemm, both transposed, scaled", &graph::kGemm,
                     {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}, {"alpha", 0.5}, {"beta", 2.0}},
                     {numbers({7, 5}, 1), numbers({4, 7}, 2), numbers({4}, 3)}, {}, {}, {},
                     [](const Inputs& in) { return product(transposed(in[0]), transposed(in[1]), &in[2], 0.5, 2); }});
    cases.push_back({"Gemm without bias, weights transposed", &graph::kGemm, {{"transB", std::int64_t{1}}},
                     {numbers({5, 7}, 1), numbers({4, 7}, 2)}, {}, {}, {},
                     [](const Inputs& in) { return product(in[0], transposed(in[1]), nullptr); }});
    cases.push_back({"MatMul", &graph::kMatMul, {}, {numbers({2, 3, 7}, 1), numbers({7, 4}, 2)}, {}, {}, {},
                     [](const Inputs& in) { return product(in[0], in[1], nullptr); }});
    cases.push_back({"Linear", &graph::kLinear, {}, {numbers({2, 3, 7}, 1), numbers({7, 4}, 2), numbers({4}, 3)}, {}, {}, {},
                     [](const Inputs& in) { return product(in[0], in[1], &in[2]); }});
    for (const bool causal : {false, true})
        cases.push_back({causal ? "Attention, causal" : "Attention", &graph::kAttention,
                         {{"q_num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}, {"is_causal", std::int64_t{causal}}},
                         {numbers({2, 19, 16}, 1), numbers({2, 19, 16}, 2), numbers({2, 19, 16}, 3)}, {}, {}, {},
                         [causal](const Inputs& in) { return attention(in, 2, causal); }});
}

void addPictures(std::vector<OperatorCase>& cases) {
    const graph::Attributes three{{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}};
    cases.push_back({"Conv", &graph::kConv, three, {numbers({2, 3, 6, 5}, 1), numbers({4, 3, 3, 3}, 2)}, {}, {}, {},
                     [](const Inputs& in) { return convolution(in, {3, 1, 1}, 1); }});
    cases.push_back({"Conv of one channel", &graph::kConv, three, {numbers({2, 1, 6, 6}, 1), numbers({4, 1, 3, 3}, 2)}, {}, {}, {},
                     [](const Inputs& in) { return convolution(in, {3, 1, 1}, 1); }});
    cases.push_back({"Conv, strided, in groups, with bias", &graph::kConv,
                     {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}, {"group", std::int64_t{2}}},
                     {numbers({2, 4, 7, 7}, 1), numbers({6, 2, 3, 3}, 2), numbers({6}, 3)}, {}, {}, {},
                     [](const Inputs& in) { return convolution(in, {3, 2, 1}, 2); }});
    const graph::Attributes two{{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}};
    const graph::Attributes overlapping{{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}};
    cases.push_back({"MaxPool", &graph::kMaxPool, two, {numbers({2, 19, 6, 6}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return maxPool(in[0], {2, 2, 0}); }});
    cases.push_back({"MaxPool, overlapping", &graph::kMaxPool, overlapping, {numbers({2, 3, 7, 7}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return maxPool(in[0], {3, 2, 1}); }});
    cases.push_back({"AveragePool", &graph::kAveragePool, overlapping, {numbers({2, 3, 7, 7}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return averagePool(in[0], {3, 2, 1}, false); }});
    cases.push_back({"GlobalAveragePool", &graph::kGlobalAveragePool, {}, {numbers({3, 5, 4, 4}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return globalAverage(in[0]); }});
}

void addNorms(std::vector<OperatorCase>& cases) {
    cases.push_back({"BatchNormalization", &graph::kBatchNormalization, {}, batchInputs({3, 19, 4, 5}, false), {}, {}, {3, 4},
                     [](const Inputs& in) { return batchNorm(in, false); }});
    cases.push_back({"BatchNormalization of a table", &graph::kBatchNormalization, {}, batchInputs({12, 33}, false), {}, {}, {3, 4},
                     [](const Inputs& in) { return batchNorm(in, false); }});
    cases.push_back({"BatchNormRelu", &graph::kBatchNormRelu, {}, batchInputs({3, 16, 4, 5}, false), {}, {}, {3, 4},
                     [](const Inputs& in) { return batchNorm(in, true); }});
    cases.push_back({"BatchNormAddRelu", &graph::kBatchNormAddRelu, {}, batchInputs({3, 17, 4, 5}, true), {}, {}, {3, 4},
                     [](const Inputs& in) { return batchNorm(in, true); }});
    cases.push_back({"FixedBatchNorm", &graph::kFixedBatchNorm, {}, batchInputs({3, 16, 4, 5}, false), {}, {}, {1, 2, 3, 4},
                     [](const Inputs& in) { return fixedBatchNorm(in); }});
    cases.push_back({"LayerNormalization", &graph::kLayerNormalization, {}, {numbers({3, 5, 35}, 1), positive({35}, 2), numbers({35}, 3)},
                     {}, {}, {}, [](const Inputs& in) { return layerNorm(in); }});
}

void addRest(std::vector<OperatorCase>& cases) {
    cases.push_back({"Relu", &graph::kRelu, {}, {numbers({4, 21}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return mapped(in[0], [](double v) { return std::max(0.0, v); }); }});
    cases.push_back({"Gelu", &graph::kGelu, {}, {numbers({4, 21}, 1)}, {}, {}, {}, [](const Inputs& in) { return mapped(in[0], geluOf); }});
    cases.push_back({"Gelu, tanh", &graph::kGelu, {{"approximate", std::string("tanh")}}, {numbers({4, 21}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return mapped(in[0], tanhGeluOf); }});
    cases.push_back({"Dropout of nothing", &graph::kDropout, {{"ratio", 0.0}}, {numbers({4, 21}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return Outputs{in[0]}; }});
    cases.push_back({"Add", &graph::kAdd, {}, {numbers({3, 4, 5}, 1), numbers({3, 4, 5}, 2)}, {}, {}, {}, sum});
    cases.push_back({"Add of a vector", &graph::kAdd, {}, {numbers({3, 4, 5}, 1), numbers({5}, 2)}, {}, {}, {}, sum});
    cases.push_back({"Gather", &graph::kGather, {}, {numbers({6, 19}, 1), whole({2, 3}, {0, 5, 2, 2, 1, 5})}, {1}, {}, {}, gathered});
    cases.push_back({"AddPositions", &graph::kAddPositions, {}, {numbers({3, 4, 5}, 1), numbers({6, 5}, 2)}, {}, {}, {}, withPositions});
    for (const double smoothing : {0.0, 0.1})
        cases.push_back({smoothing > 0 ? "SoftmaxCrossEntropy, smoothed" : "SoftmaxCrossEntropy", &graph::kSoftmaxCrossEntropy,
                         {{"label_smoothing", smoothing}}, {numbers({5, 19}, 1), whole({5}, {0, 18, 3, 3, 16})}, {1}, {}, {},
                         [smoothing](const Inputs& in) { return crossEntropy(in, smoothing); }});
    cases.push_back({"SoftmaxCrossEntropy, some ignored", &graph::kSoftmaxCrossEntropy, {{"ignore_index", std::int64_t{255}}, {"label_smoothing", 0.1}},
                     {numbers({6, 19}, 1), whole({2, 3}, {0, 255, 3, 255, 16, 18})}, {1}, {}, {}, [](const Inputs& in) { return crossEntropy(in, 0.1, 255); }});
    cases.push_back({"SoftmaxCrossEntropy, all ignored", &graph::kSoftmaxCrossEntropy, {{"ignore_index", std::int64_t{255}}}, {numbers({2, 19}, 1), whole({2}, {255, 255})},
                     {1}, {}, {}, [](const Inputs& in) { return crossEntropy(in, 0, 255); }});
    cases.push_back({"LinearCrossEntropy, transposed, smoothed", &graph::kLinearCrossEntropy,
                     {{"label_smoothing", 0.1}, {"transB", std::int64_t{1}}},
                     {numbers({5, 7}, 1), numbers({19, 7}, 2), whole({5}, {0, 18, 3, 3, 16}), numbers({19}, 3)}, {2}, {}, {},
                     [](const Inputs& in) { return crossEntropy({product(in[0], transposed(in[1]), &in[3])[0], in[2]}, 0.1); }});
    cases.push_back({"LinearCrossEntropy, in chunks", &graph::kLinearCrossEntropy, {},
                     {numbers({300, 3}, 1), numbers({3, 7}, 2), whole({30, 10}, remainders(300, 7))}, {2}, {}, {},
                     [](const Inputs& in) { return crossEntropy({product(in[0], in[1], nullptr)[0], in[2]}, 0); }});
    cases.push_back({"MeanSquaredError", &graph::kMeanSquaredError, {}, {numbers({5, 3}, 1), numbers({5, 3}, 2)}, {}, {}, {}, squaredError});
    cases.push_back({"Flatten of pictures", &graph::kFlatten, {}, {numbers({2, 3, 4, 5}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return reshaped(in[0], {2, 60}); }});
    cases.push_back({"Flatten of one channel", &graph::kFlatten, {}, {numbers({2, 1, 4, 5}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return reshaped(in[0], {2, 20}); }});
    cases.push_back({"Reshape", &graph::kReshape, {}, {numbers({2, 6, 5}, 1), whole({2}, {-1, 15})}, {}, {1}, {},
                     [](const Inputs& in) { return reshaped(in[0], {4, 15}); }});
    cases.push_back({"Transpose", &graph::kTranspose, {{"perm", Ints{2, 0, 1}}}, {numbers({2, 3, 4}, 1)}, {}, {}, {},
                     [](const Inputs& in) { return permuted(in[0]); }});
    cases.push_back({"Split", &graph::kSplit, {{"axis", std::int64_t{2}}, {"num_outputs", std::int64_t{3}}}, {numbers({2, 3, 12}, 1)},
                     {}, {}, {}, [](const Inputs& in) { return thirds(in[0]); }});
}

}  // namespace

Plain numbers(std::vector<std::int64_t> shape, std::uint64_t seed) {
    Plain p = zeros(std::move(shape));
    // A permutation of evenly spaced numbers: distinct, and none nearer to 0 than half a step.
    std::vector<std::size_t> order(p.data.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (std::size_t i = order.size(); i > 1; --i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        std::swap(order[i - 1], order[(state >> 33) % i]);
    }
    const auto count = static_cast<double>(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) p.data[i] = (2 * static_cast<double>(order[i]) + 1.3) / count - 1;
    return p;
}

std::vector<OperatorCase> operatorCases() {
    std::vector<OperatorCase> cases;
    addProducts(cases);
    addPictures(cases);
    addNorms(cases);
    addRest(cases);
    return cases;
}

}  // namespace headroom::test
