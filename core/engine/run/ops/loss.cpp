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

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

constexpr std::int64_t kGrain = 64;

double smoothing(const KernelContext& context) { return context.node.real("label_smoothing", 0); }
at::Tensor flatTargets(const at::Tensor& targets) { return as(targets.reshape({-1}), at::kLong).contiguous(); }

/// A one-element tensor of the losses' type.
at::Tensor single(double value, const at::Tensor& like) {
    at::Tensor result = emptyFloats({1}, like.device());
    return result.fill_(value);
}

void crossEntropyOwn(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    const at::Tensor targets = flatTargets(context.inputs[1]);
    const std::int64_t rows = logits.size(0), classes = logits.size(1);
    const at::Tensor lse = emptyFloats({rows}, logits.device());
    std::vector<double> losses(static_cast<std::size_t>(rows));
    withElement(logits, [&]<class T>() {
        parallel(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                losses[static_cast<std::size_t>(r)] = simd::table<T>().crossEntropy(
                    elements<T>(logits) + r * classes, classes, elements<std::int64_t>(targets)[r],
                    static_cast<float>(smoothing(context)), elements<float>(lse) + r);
        });
    });
    context.outputs[0] = single(std::accumulate(losses.begin(), losses.end(), 0.0), logits);
    if (context.training) context.extras[0] = lse;
}

void crossEntropyForward(KernelContext& context) {
    const at::Tensor& logits = context.inputs[0];
    if (hasOwnLoops(logits)) return crossEntropyOwn(context);
    const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : as(logits, at::kFloat);
    const at::Tensor lse = at::logsumexp(wide, {1});
    const at::Tensor wanted = at::gather(wide, 1, flatTargets(context.inputs[1]).unsqueeze(1)).squeeze(1);
    const double e = smoothing(context);
    at::Tensor loss = lse - wanted * (1 - e);
    if (e != 0) loss = loss - at::mean(wide, {1}) * e;
    context.outputs[0] = at::sum(loss).view({1});
    if (context.training) context.extras[0] = lse;
}

void crossEntropyBackwardOwn(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    const at::Tensor targets = flatTargets(context.inputs[1]);
    const float factor = *elements<float>(context.outputGradients[0]);
    const at::Tensor dlogits = emptyLike(logits);
    const std::int64_t classes = logits.size(1);
    withElement(logits, [&]<class T>() {
        parallel(logits.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                simd::table<T>().crossEntropyBackward(
                    elements<T>(logits) + r * classes, elements<T>(dlogits) + r * classes, classes,
                    elements<std::int64_t>(targets)[r], static_cast<float>(smoothing(context)),
                    elements<float>(context.extras[0])[r], factor);
        });
    });
    context.inputGradients[0] = dlogits;
}

void crossEntropyBackward(KernelContext& context) {
    const at::Tensor& logits = context.inputs[0];
    if (hasOwnLoops(logits)) return crossEntropyBackwardOwn(context);
    const double e = smoothing(context);
    const at::Tensor& lse = context.extras[0];
    at::Tensor g = at::exp(as(logits, lse.scalar_type()) - lse.unsqueeze(1));
    if (e != 0) g.sub_(e / static_cast<double>(logits.size(1)));
    const at::Tensor targets = flatTargets(context.inputs[1]).unsqueeze(1);
    g.scatter_add_(1, targets, g.new_full(targets.sizes(), -(1 - e)));
    context.inputGradients[0] = as(g.mul_(context.outputGradients[0]), logits.scalar_type());
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

const Kernel kSoftmaxCrossEntropyKernel{&graph::kSoftmaxCrossEntropy, crossEntropyForward, crossEntropyBackward};
const Kernel kMeanSquaredErrorKernel{&graph::kMeanSquaredError, squaredErrorForward, squaredErrorBackward};

}  // namespace headroom::run
