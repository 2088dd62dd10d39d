// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/normalization.h"

#include <ATen/ops/add.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "engine/run/ops/batch_statistics.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

using simd::Mask;

/// Which of the three batch normalisations a node is.
struct Form {
    bool relu, summand;
    Mask mask;
};
constexpr Form kPlain{false, false, Mask::None};
constexpr Form kRelu{true, false, Mask::Input};
constexpr Form kAddRelu{true, true, Mask::Output};

double epsilon(const KernelContext& context) { return context.node.real("epsilon", 1e-5); }

/// The forward as scale and shift: a = scale * invstd, b = B - mean * a.
struct Affine {
    std::vector<float> a, b;

    Affine(const at::Tensor& scale, const at::Tensor& shift, const float* mean, const float* invstd)
        : a(static_cast<std::size_t>(scale.numel())), b(a.size()) {
        for (std::size_t c = 0; c < a.size(); ++c) {
            a[c] = elements<float>(scale)[c] * invstd[c];
            b[c] = elements<float>(shift)[c] - mean[c] * a[c];
        }
    }
};

std::vector<float> inverseDeviations(const at::Tensor& variance, double eps) {
    std::vector<float> invstd(static_cast<std::size_t>(variance.numel()));
    for (std::size_t c = 0; c < invstd.size(); ++c)
        invstd[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(elements<float>(variance)[c]) + eps));
    return invstd;
}

/// running = momentum * running + (1 - momentum) * batch.
void updateRunning(const at::Tensor& running, const std::vector<double>& batch, double momentum) {
    float* values = elements<float>(running);
    for (std::size_t c = 0; c < batch.size(); ++c)
        values[c] = static_cast<float>(momentum * values[c] + (1 - momentum) * batch[c]);
}

void trainOwn(KernelContext& context, const at::Tensor& x) {
    const BatchStatistics statistics = batchStatistics(x, epsilon(context));
    const double momentum = context.node.real("momentum", 0.9);
    if (!context.again) {
        updateRunning(context.inputs[3], statistics.mean, momentum);
        updateRunning(context.inputs[4], statistics.unbiasedVariance, momentum);
    }
    for (std::size_t k = 0; k < 2; ++k) context.extras[k] = emptyFloats({x.size(1)}, x.device());
    for (std::size_t c = 0; c < statistics.mean.size(); ++c) {
        elements<float>(context.extras[0])[c] = static_cast<float>(statistics.mean[c]);
        elements<float>(context.extras[1])[c] = statistics.invstd[c];
    }
}

void applyOwn(KernelContext& context, const Form& form, const at::Tensor& x, const Affine& affine) {
    const at::Tensor summand = form.summand ? tensor::inLayout(as(context.inputs[5], x.scalar_type())) : at::Tensor();
    at::Tensor y = emptyLike(x);
    const auto [rows, channels] = rowsOf(x);
    withElement(x, [&]<class T>() {
        parallel(rows, kParallelElements / channels, [&, channels = channels](std::int64_t begin, std::int64_t end) {
            const std::int64_t at = begin * channels;
            simd::table<T>().scaleShift(elements<T>(x) + at, form.summand ? elements<T>(summand) + at : nullptr,
                                        elements<T>(y) + at, end - begin, channels, affine.a.data(), affine.b.data(),
                                        form.relu);
        });
    });
    context.outputs[0] = y;
}

/// LibTorch's operators, for other devices and element types.
void forwardComposed(KernelContext& context, const Form& form) {
    const auto running = [&](std::size_t input) { return context.again ? std::nullopt : std::optional(context.inputs[input]); };
    auto [y, mean, invstd] =
        at::native_batch_norm(context.inputs[0], context.inputs[1], context.inputs[2], running(3), running(4), context.training, 1 - context.node.real("momentum", 0.9), epsilon(context));
    if (form.summand) y = at::add(y, context.inputs[5]);
    context.outputs[0] = form.relu ? at::relu(y) : y;
    if (!context.training) return;
    context.extras[0] = mean;
    context.extras[1] = invstd;
}

template <const Form& form>
void forward(KernelContext& context) {
    if (!hasOwnLoops(context.inputs[0])) return forwardComposed(context, form);
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    if (context.training) {
        trainOwn(context, x);
        const Affine affine(context.inputs[1], context.inputs[2], elements<float>(context.extras[0]),
                            elements<float>(context.extras[1]));
        return applyOwn(context, form, x, affine);
    }
    const std::vector<float> invstd = inverseDeviations(context.inputs[4], epsilon(context));
    applyOwn(context, form, x, {context.inputs[1], context.inputs[2], elements<float>(context.inputs[3]), invstd.data()});
}

void backwardOwn(KernelContext& context, const Form& form) {
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    const at::Tensor y = form.summand ? tensor::inLayout(context.outputs[0]) : x;
    const at::Tensor dy = tensor::inLayout(as(context.outputGradients[0], x.scalar_type()));
    const at::Tensor& scale = context.inputs[1];
    const float* mean = elements<float>(context.extras[0]);
    const float* invstd = elements<float>(context.extras[1]);
    const at::Tensor shift = form.mask == Mask::Input ? context.inputs[2] : scale;
    const Affine affine(scale, shift, mean, invstd);
    const BatchSums sums = batchSums(dy, x, y, {mean, affine.a.data(), affine.b.data(), form.mask, nullptr, nullptr, nullptr});
    const bool wantsSummand = form.summand && context.wantsGradient[5];
    const at::Tensor dx = context.wantsGradient[0] ? emptyLike(x) : at::Tensor();
    const at::Tensor dsummand = wantsSummand ? emptyLike(x) : at::Tensor();
    if (context.wantsGradient[0] || wantsSummand)
        batchInputGradient(dy, x, y, dx, dsummand, {mean, affine.a.data(), affine.b.data(), form.mask, nullptr, nullptr, nullptr},
                           sums, elements<float>(scale), invstd);
    if (context.wantsGradient[0]) context.inputGradients[0] = dx;
    if (wantsSummand) context.inputGradients[5] = dsummand;
    if (context.wantsGradient[1]) context.inputGradients[1] = sums.scaleGradient(invstd, x.device());
    if (context.wantsGradient[2]) context.inputGradients[2] = sums.shiftGradient(x.device());
}

/// The ReLU's mask from the output, made again where it was not saved.
at::Tensor maskedGradient(KernelContext& context, const Form& form) {
    const at::Tensor& dy = context.outputGradients[0];
    if (!form.relu) return dy;
    if (form.mask == Mask::Output) return at::threshold_backward(dy, context.outputs[0], 0);
    std::vector<std::int64_t> shape(static_cast<std::size_t>(dy.dim()), 1);
    shape[1] = -1;
    const at::Tensor a = at::mul(context.inputs[1], context.extras[1]);
    const at::Tensor b = at::add(context.inputs[2], at::mul(context.extras[0], a), -1);
    const at::Tensor y = at::add(at::mul(context.inputs[0], a.view(shape)), b.view(shape));
    return at::threshold_backward(dy, as(y, dy.scalar_type()), 0);
}

void backwardComposed(KernelContext& context, const Form& form) {
    const at::Tensor g = maskedGradient(context, form);
    auto [dx, dscale, dshift] = at::native_batch_norm_backward(
        g, context.inputs[0], context.inputs[1], {}, {}, context.extras[0], context.extras[1], true, epsilon(context),
        {context.wantsGradient[0], context.wantsGradient[1], context.wantsGradient[2]});
    const std::array gradients{dx, dscale, dshift};
    for (std::size_t i = 0; i < 3; ++i)
        if (context.wantsGradient[i]) context.inputGradients[i] = gradients[i];
    if (form.summand && context.wantsGradient[5]) context.inputGradients[5] = g;
}

void fixedForward(KernelContext& context) {
    if (!hasOwnLoops(context.inputs[0])) {
        context.outputs[0] = std::get<0>(at::native_batch_norm(context.inputs[0], context.inputs[1], context.inputs[2], context.inputs[3],
                                                               context.inputs[4], false, 0, epsilon(context)));
        return;
    }
    const std::vector<float> invstd = inverseDeviations(context.inputs[4], epsilon(context));
    applyOwn(context, kPlain, tensor::inLayout(context.inputs[0]),
             {context.inputs[1], context.inputs[2], elements<float>(context.inputs[3]), invstd.data()});
}

/// dx = dy * scale / deviation, by channel.
void fixedBackward(KernelContext& context) {
    const at::Tensor& dy = context.outputGradients[0];
    const at::Tensor a = at::mul(context.inputs[1], at::add(context.inputs[4], epsilon(context)).rsqrt());
    std::vector<std::int64_t> shape(static_cast<std::size_t>(dy.dim()), 1);
    shape[1] = -1;
    if (context.wantsGradient[0]) context.inputGradients[0] = at::mul(dy, as(a, dy.scalar_type()).view(shape));
}

template <const Form& form>
void backward(KernelContext& context) {
    hasOwnLoops(context.inputs[0]) ? backwardOwn(context, form) : backwardComposed(context, form);
}

void layerForward(KernelContext& context) {
    const at::Tensor& x = context.inputs[0];
    const double eps = epsilon(context);
    const bool shift = context.inputs.size() > 2 && context.inputs[2].defined();
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    if (!hasOwnLoops(x)) {
        // In the type of the parameters: on CUDA the operator takes one type only.
        auto [y, mean, invstd] = at::native_layer_norm(as(x, context.inputs[1].scalar_type()), {width}, context.inputs[1],
                                                       shift ? std::optional(context.inputs[2]) : std::nullopt, eps);
        context.outputs[0] = as(y, x.scalar_type());
        if (!context.training) return;
        context.extras[0] = mean.view({rows});
        context.extras[1] = invstd.view({rows});
        return;
    }
    const at::Tensor input = tensor::inLayout(x);
    const at::Tensor y = emptyLike(input), mean = emptyFloats({rows}, x.device()), invstd = emptyFloats({rows}, x.device());
    withElement(input, [&]<class T>() {
        parallel(rows, kParallelElements / width, [&](std::int64_t begin, std::int64_t end) {
            simd::table<T>().layerNorm(elements<T>(input) + begin * width, elements<T>(y) + begin * width, end - begin,
                                       width, elements<float>(context.inputs[1]),
                                       shift ? elements<float>(context.inputs[2]) : nullptr, static_cast<float>(eps),
                                       elements<float>(mean) + begin, elements<float>(invstd) + begin);
        });
    });
    context.outputs[0] = y;
    if (!context.training) return;
    context.extras[0] = mean;
    context.extras[1] = invstd;
}

void layerBackwardOwn(KernelContext& context) {
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    const at::Tensor dy = tensor::inLayout(as(context.outputGradients[0], x.scalar_type()));
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    const at::Tensor dx = context.wantsGradient[0] ? emptyLike(x) : at::Tensor();
    // Blocks of a fixed number of rows, added up in order: the same result on any number of threads.
    constexpr std::int64_t kBlock = 64;
    const std::int64_t blocks = (rows + kBlock - 1) / kBlock;
    const at::Tensor partial = at::zeros({2, blocks, width}, x.options().dtype(at::kFloat));
    float* scales = elements<float>(partial);
    float* shifts = scales + blocks * width;
    withElement(x, [&]<class T>() {
        parallel(blocks, 1 + kParallelElements / (kBlock * width), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t block = begin; block < end; ++block) {
                const std::int64_t first = block * kBlock, at = first * width;
                simd::table<T>().layerNormBackward(
                    elements<T>(dy) + at, elements<T>(x) + at, dx.defined() ? elements<T>(dx) + at : nullptr,
                    std::min(kBlock, rows - first), width, elements<float>(context.inputs[1]),
                    elements<float>(context.extras[0]) + first, elements<float>(context.extras[1]) + first,
                    scales + block * width, shifts + block * width);
            }
        });
    });
    if (context.wantsGradient[0]) context.inputGradients[0] = dx;
    if (context.wantsGradient[1]) context.inputGradients[1] = columnSum(scales, blocks, width, x.device());
    if (context.wantsGradient.size() > 2 && context.wantsGradient[2])
        context.inputGradients[2] = columnSum(shifts, blocks, width, x.device());
}

void layerBackward(KernelContext& context) {
    const at::Tensor& x = context.inputs[0];
    if (hasOwnLoops(x)) return layerBackwardOwn(context);
    const bool shift = context.wantsGradient.size() > 2 && context.wantsGradient[2];
    std::vector<std::int64_t> rows(x.sizes().begin(), x.sizes().end());
    rows.back() = 1;
    const at::ScalarType type = context.inputs[1].scalar_type();
    auto [dx, dscale, dshift] = at::native_layer_norm_backward(
        as(context.outputGradients[0], type), as(x, type), {x.size(-1)}, context.extras[0].view(rows), context.extras[1].view(rows),
        context.inputs[1], shift ? std::optional(context.inputs[1]) : std::nullopt,
        {context.wantsGradient[0], context.wantsGradient[1], shift});
    if (context.wantsGradient[0]) context.inputGradients[0] = as(dx, x.scalar_type());
    if (context.wantsGradient[1]) context.inputGradients[1] = dscale;
    if (shift) context.inputGradients[2] = dshift;
}

}  // namespace

const Kernel kBatchNormalizationKernel{&graph::kBatchNormalization, forward<kPlain>, backward<kPlain>};
const Kernel kBatchNormReluKernel{&graph::kBatchNormRelu, forward<kRelu>, backward<kRelu>};
const Kernel kBatchNormAddReluKernel{&graph::kBatchNormAddRelu, forward<kAddRelu>, backward<kAddRelu>};
const Kernel kFixedBatchNormKernel{&graph::kFixedBatchNorm, fixedForward, fixedBackward};
const Kernel kLayerNormalizationKernel{&graph::kLayerNormalization, layerForward, layerBackward};

}  // namespace headroom::run
