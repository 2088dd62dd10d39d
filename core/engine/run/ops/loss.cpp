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

#include <cstring>
#include <numeric>

#include "engine/run/ops/cross_entropy.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

constexpr std::int64_t kGrain = 64;

CrossEntropyOptions optionsOf(const KernelContext& context) {
    CrossEntropyOptions options;
    options.smoothing = context.node.real("label_smoothing", 0);
    options.ignored = context.node.integer("ignore_index", options.ignored);
    return options;
}

RowLosses ownCrossEntropy(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options) {
    const std::int64_t rows = logits.size(0), classes = logits.size(1);
    const at::Tensor lse = emptyFloats({rows}, logits.device());
    std::vector<double> losses(static_cast<std::size_t>(rows));
    withElement(logits, [&]<class T>() {
        parallel(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
                const std::int64_t target = elements<std::int64_t>(targets)[r];
                if (target == options.ignored) {
                    elements<float>(lse)[r] = 0;
                    continue;
                }
                losses[static_cast<std::size_t>(r)] =
                    simd::table<T>().crossEntropy(elements<T>(logits) + r * classes, classes, target, static_cast<float>(options.smoothing), elements<float>(lse) + r);
            }
        });
    });
    at::Tensor sum = tensor::emptyInLayout({1}, at::kDouble, logits.device());
    return {sum.fill_(std::accumulate(losses.begin(), losses.end(), 0.0)), lse};
}

void ownCrossEntropyGradient(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options, const at::Tensor& lse,
                             float factor, const at::Tensor& gradient) {
    const std::int64_t classes = logits.size(1);
    withElement(logits, [&]<class T>() {
        parallel(logits.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
                const std::int64_t target = elements<std::int64_t>(targets)[r];
                T* const row = elements<T>(gradient) + r * classes;
                if (target == options.ignored)
                    std::memset(row, 0, static_cast<std::size_t>(classes) * sizeof(T));
                else
                    simd::table<T>().crossEntropyBackward(elements<T>(logits) + r * classes, row, classes, target, static_cast<float>(options.smoothing),
                                                          elements<float>(lse)[r], factor);
            }
        });
    });
}

void crossEntropyForward(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    const RowLosses losses = crossEntropy(logits, flatTargets(context.inputs[1]), optionsOf(context));
    context.outputs[0] = as(losses.sum, losses.logSumExp.scalar_type());
    if (context.training) context.extras[0] = losses.logSumExp;
}

void crossEntropyBackward(KernelContext& context) {
    const at::Tensor logits = context.inputs[0].contiguous();
    context.inputGradients[0] = emptyLike(logits);
    crossEntropyGradient(logits, flatTargets(context.inputs[1]), optionsOf(context), context.extras[0],
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

namespace {

/// Which rows are ignored, and targets with a class that is there in place of theirs.
struct Counting {
    at::Tensor ignored, targets;
    Counting(const at::Tensor& given, const CrossEntropyOptions& options) : targets(given) {
        if (options.ignored == CrossEntropyOptions().ignored) return;
        ignored = given.eq(options.ignored);
        targets = given.masked_fill(ignored, 0);
    }
};

}  // namespace

RowLosses crossEntropy(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options) {
    if (hasOwnLoops(logits)) return ownCrossEntropy(logits, targets, options);
    const Counting counting(targets, options);
    const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : as(logits, at::kFloat);
    const at::Tensor lse = at::logsumexp(wide, {1});
    const at::Tensor wanted = at::gather(wide, 1, counting.targets.unsqueeze(1)).squeeze(1);
    at::Tensor loss = lse - wanted * (1 - options.smoothing);
    if (options.smoothing != 0) loss = loss - at::mean(wide, {1}) * options.smoothing;
    if (counting.ignored.defined()) loss = loss.masked_fill(counting.ignored, 0);
    return {at::sum(loss).view({1}), lse};
}

void crossEntropyGradient(const at::Tensor& logits, const at::Tensor& targets, const CrossEntropyOptions& options, const at::Tensor& logSumExp,
                          const at::Tensor& factor, const at::Tensor& gradient) {
    if (hasOwnLoops(logits))
        return ownCrossEntropyGradient(logits, targets, options, logSumExp, factor.defined() ? *elements<float>(factor) : 1, gradient);
    const Counting counting(targets, options);
    at::Tensor g = at::exp(as(logits, logSumExp.scalar_type()) - logSumExp.unsqueeze(1));
    if (options.smoothing != 0) g.sub_(options.smoothing / static_cast<double>(logits.size(1)));
    const at::Tensor places = counting.targets.unsqueeze(1);
    g.scatter_add_(1, places, g.new_full(places.sizes(), -(1 - options.smoothing)));
    if (counting.ignored.defined()) g.masked_fill_(counting.ignored.unsqueeze(1), 0);
    gradient.copy_(factor.defined() ? g.mul_(factor) : g);
}

const Kernel kSoftmaxCrossEntropyKernel{&graph::kSoftmaxCrossEntropy, crossEntropyForward, crossEntropyBackward};
const Kernel kMeanSquaredErrorKernel{&graph::kMeanSquaredError, squaredErrorForward, squaredErrorBackward};

}  // namespace headroom::run
