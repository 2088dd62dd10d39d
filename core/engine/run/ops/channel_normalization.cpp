// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/channel_normalization.h"

#include <ATen/ops/constant_pad_nd.h>

#include <numeric>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

double epsilonOf(C context) { return context.node.real("epsilon", 1e-5); }

/// A vector over the channels against [batch, channels, ...].
at::Tensor overChannels(C context, std::size_t input, T like) {
    std::vector<std::int64_t> shape(context.inputTypes[0]->shape.size(), 1);
    shape[1] = like.size(1);
    return wide(context.inputs[input]).reshape(shape);
}

/// Rows of [rows, elements] to mean 0 and variance 1 (arXiv 1607.08022, 1803.08494).
at::Tensor standardised(T rows, double epsilon) {
    const at::Tensor centred = rows - rows.mean({1}, true);
    return centred * (centred * centred).mean({1}, true).add(epsilon).rsqrt();
}

at::Tensor grouped(C context, std::int64_t groups) {
    const at::Tensor x = wide(context.inputs[0]);
    const at::Tensor rows = standardised(x.reshape({x.size(0) * groups, -1}), epsilonOf(context)).reshape(x.sizes());
    return rows * overChannels(context, 1, x) + overChannels(context, 2, x);
}

/// Each element by the squares of its neighbours across channels (papers.nips.cc/paper/4824).
at::Tensor responseNormalised(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const std::int64_t size = context.node.integer("size", 1), before = (size - 1) / 2, after = size - 1 - before;
    const std::vector<std::int64_t> shape = x.sizes().vec();
    const at::Tensor squares = (x * x).reshape({shape[0], shape[1], -1});
    const at::Tensor sums = at::constant_pad_nd(squares, {0, 0, before, after}).unfold(1, size, 1).sum({-1}).reshape(shape);
    const double alpha = context.node.real("alpha", 1e-4), beta = context.node.real("beta", 0.75), bias = context.node.real("bias", 1);
    return x / (sums * (alpha / static_cast<double>(size)) + bias).pow(beta);
}

at::Tensor lpNormalised(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", -1), static_cast<std::size_t>(x.dim())));
    return x / x.norm(static_cast<double>(context.node.integer("p", 2)), {axis}, true);
}

at::Tensor meanVariance(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const std::vector<std::int64_t> axes = context.node.integers("axes", {0, 2, 3});
    const at::Tensor centred = x - x.mean(axes, true);
    return centred / ((centred * centred).mean(axes, true).sqrt() + 1e-9);
}

/// x / sqrt(mean(x^2) + epsilon) * scale (arXiv 1910.07467), over the dimensions from `axis` on.
at::Tensor rootMeanSquare(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const std::size_t first = graph::axisWithin(context.node.integer("axis", -1), static_cast<std::size_t>(x.dim()));
    std::vector<std::int64_t> axes(static_cast<std::size_t>(x.dim()) - first);
    std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(first));
    return x * (x * x).mean(axes, true).add(epsilonOf(context)).rsqrt() * wide(context.inputs[1]);
}

}  // namespace

std::vector<Kernel> channelNormalizationKernels() {
    return {{operatorNamed("InstanceNormalization"), made<[](C c) { return grouped(c, c.inputTypes[0]->shape[1]); }>, nullptr},
            {operatorNamed("GroupNormalization"), made<[](C c) { return grouped(c, c.node.integer("num_groups", 1)); }>, nullptr},
            {operatorNamed("LRN"), made<responseNormalised>, nullptr},
            {operatorNamed("LpNormalization"), made<lpNormalised>, nullptr},
            {operatorNamed("MeanVarianceNormalization"), made<meanVariance>, nullptr},
            {operatorNamed("RMSNormalization"), made<rootMeanSquare>, nullptr}};
}

}  // namespace headroom::run
