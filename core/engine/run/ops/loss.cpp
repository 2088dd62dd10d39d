// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/loss.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>

#include <numeric>

#include "engine/run/ops/cross_entropy.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

constexpr std::int64_t kGrain = 64;

double smoothing(const KernelContext& context) { return context.node.real("label_smoothing", 0); }

RowLosses ownCrossEntropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing) {
    const std::int64_t rows = logits.size(0), classes = logits.size(1);
    const at::Tensor lse = emptyFloats({rows}, logits.device());
    std::vector<double> losses(static_cast<std::size_t>(rows));
    withElement(logits, [&]<class T>() {
        parallel(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                losses[static_cast<std::size_t>(r)] = simd::table<T>().crossEntropy(
                    elements<T>(logits) + r * classes, classes, elements<std::int64_t>(targets)[r],
                    static_cast<float>(smoothing), elements<float>(lse) + r);
        });
    });
    at::Tensor sum = tensor::emptyInLayout({1}, at::kDouble, logits.device());
    return {sum.fill_(std::accumulate(losses.begin(), losses.end(), 0.0)), lse};
}

void ownCrossEntropyGradient(const at::Tensor& logits, const at::Tensor& targets, double smoothing, const at::Tensor& lse,
                             float factor, const at::Tensor& gradient) {
    const std::int64_t classes = logits.size(1);
    withElement(logits, [&]<class T>() {
        parallel(logits.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                simd::table<T>().crossEntropyBackward(elements<T>(logits) + r * classes, elements<T>(gradient) + r * classes,
                                                      classes, elements<std::int64_t>(targets)[r],
                                                      static_cast<float>(smoothing), elements<float>(lse)[r], factor);
        });
    });
}

void crossEntropyForward(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    const RowLosses losses = crossEntropy(logits, flatTargets(context.inputs[1]), smoothing(context));
    context.outputs[0] = as(losses.sum, losses.logSumExp.scalar_type());
    if (context.training) context.extras[0] = losses.logSumExp;
}

void crossEntropyBackward(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    context.inputGradients[0] = emptyLike(logits);
    crossEntropyGradient(logits, flatTargets(context.inputs[1]), smoothing(context), context.extras[0],
                         context.outputGradients[0], context.inputGradients[0]);
}

/// At least fp32.
at::Tensor difference(KernelContext& context) {
    const bool wide = context.inputs[0].scalar_type() == at::kDouble;
    const at::ScalarType type = wide ? at::kDouble : at::kFloat;
    return at::sub(as(context.inputs[0], type), as(context.inputs[1], type));
}

void squaredErrorForward(KernelContext& context) {
    const at::Tensor d = difference(context);
    context.outputs[0] = at::sum(at::mul(d, d)).div_(static_cast<double>(d.size(1))).view({1});
}

void squaredErrorBackward(KernelContext& context) {
    const at::Tensor d = difference(context);
    const at::Tensor g = d.mul(2.0 / static_cast<double>(d.size(1))).mul_(context.outputGradients[0]);
    if (context.wantsGradient[0]) context.inputGradients[0] = as(g, context.inputs[0].scalar_type());
    if (context.wantsGradient[1]) context.inputGradients[1] = as(g.neg(), context.inputs[1].scalar_type());
}

}  // namespace

at::Tensor flatTargets(const at::Tensor& targets) { return as(targets.reshape({-1}), at::kLong).contiguous(); }

RowLosses crossEntropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing) {
    if (hasOwnLoops(logits)) return ownCrossEntropy(logits, targets, smoothing);
    const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : as(logits, at::kFloat);
    const at::Tensor lse = at::logsumexp(wide, {1});
    const at::Tensor wanted = at::gather(wide, 1, targets.unsqueeze(1)).squeeze(1);
    at::Tensor loss = lse - wanted * (1 - smoothing);
    if (smoothing != 0) loss = loss - at::mean(wide, {1}) * smoothing;
    return {at::sum(loss).view({1}), lse};
}

void crossEntropyGradient(const at::Tensor& logits, const at::Tensor& targets, double smoothing, const at::Tensor& logSumExp,
                          const at::Tensor& factor, const at::Tensor& gradient) {
    if (hasOwnLoops(logits))
        return ownCrossEntropyGradient(logits, targets, smoothing, logSumExp, factor.defined() ? *elements<float>(factor) : 1, gradient);
    at::Tensor g = at::exp(as(logits, logSumExp.scalar_type()) - logSumExp.unsqueeze(1));
    if (smoothing != 0) g.sub_(smoothing / static_cast<double>(logits.size(1)));
    const at::Tensor places = targets.unsqueeze(1);
    g.scatter_add_(1, places, g.new_full(places.sizes(), -(1 - smoothing)));
    gradient.copy_(factor.defined() ? g.mul_(factor) : g);
}

const Kernel kSoftmaxCrossEntropyKernel{&graph::kSoftmaxCrossEntropy, crossEntropyForward, crossEntropyBackward};
const Kernel kMeanSquaredErrorKernel{&graph::kMeanSquaredError, squaredErrorForward, squaredErrorBackward};

}  // namespace headroom::run
