// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/criterion.h"

#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using T = const at::Tensor&;

/// -w[target] log p[target], summed, averaged by the weights, or one a target; targets of the ignored class count nothing.
at::Tensor likelihood(const KernelContext& context, T logarithms) {
    constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
    const std::int64_t ignored = context.node.integer("ignore_index", kNone);
    const at::Tensor targets = context.inputs[1].to(at::kLong), counts = targets.ne(ignored);
    const at::Tensor classes = at::where(counts, targets, at::zeros_like(targets));
    const at::Tensor picked = logarithms.gather(1, classes.unsqueeze(1)).squeeze(1);
    const at::Tensor given = isPresent(context, 2) ? as(wide(context.inputs[2]), logarithms.scalar_type()).index_select(0, classes.reshape({-1})).reshape(classes.sizes())
                                                   : at::zeros_like(picked) + 1;
    const at::Tensor weights = at::where(counts, given, at::zeros_like(given)), losses = -picked * weights;
    const std::string reduction = context.node.text("reduction", "mean");
    if (reduction == "none") return losses;
    return reduction == "sum" ? losses.sum() : losses.sum() / weights.sum();
}

void negativeLogLikelihood(KernelContext& context) { context.outputs[0] = owned(context, likelihood(context, wide(context.inputs[0]))); }

void softmaxCrossEntropy(KernelContext& context) {
    const at::Tensor logarithms = wide(context.inputs[0]).log_softmax(1);
    context.outputs[0] = owned(context, likelihood(context, logarithms));
    if (context.outputs.size() > 1) context.outputs[1] = owned(context, logarithms, 1);
}

}  // namespace

std::vector<Kernel> criterionKernels() {
    return {{operatorNamed("NegativeLogLikelihoodLoss"), negativeLogLikelihood, nullptr},
            {operatorNamed("SoftmaxCrossEntropyLoss"), softmaxCrossEntropy, nullptr}};
}

}  // namespace headroom::run
