// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/reduction.h"

#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/zeros_like.h>

#include <limits>
#include <numeric>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using Axes = at::IntArrayRef;

std::int64_t axisOf(C context, std::int64_t fallback) {
    return static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", fallback), context.inputTypes[0]->shape.size()));
}

/// Axes to reduce; none: the tensor passes as it is.
std::vector<std::int64_t> axesOf(C context) {
    const graph::NodeView view = viewOf(context);
    const std::size_t rank = context.inputTypes[0]->shape.size();
    std::vector<std::int64_t> axes;
    if (graph::hasInput(view, 1))
        for (const std::size_t axis : graph::axesWithin(graph::numbersOf(view, 1), rank)) axes.push_back(static_cast<std::int64_t>(axis));
    if (!axes.empty() || context.node.integer("noop_with_empty_axes", 0) != 0) return axes;
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
    return axes;
}

/// LibTorch sums no bytes as bytes: whole numbers are summed in int64.
at::Tensor summed(T x, Axes axes) { return axes.empty() ? x : x.sum(axes, true); }

/// The greatest or least number; of nothing the one that every number is beyond.
template <bool Greatest>
at::Tensor extreme(T x, Axes axes) {
    if (axes.empty()) return x;
    const at::Tensor numbers = x.scalar_type() == at::kBool ? x.to(at::kByte) : x;
    if (numbers.numel() > 0) return Greatest ? numbers.amax(axes, true) : numbers.amin(axes, true);
    std::vector<std::int64_t> shape = x.sizes().vec();
    for (const std::int64_t axis : axes) shape[static_cast<std::size_t>(axis)] = 1;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (at::isFloatingType(numbers.scalar_type())) return numbers.new_full(shape, Greatest ? -kInfinity : kInfinity);
    return numbers.new_full(shape, Greatest ? 0 : 1);
}
at::Tensor multiplied(T x, Axes axes) {
    at::Tensor result = x;
    for (const std::int64_t axis : axes) result = result.prod(axis, true);
    return result;
}
at::Tensor logSumExp(T x, Axes axes) { return axes.empty() ? x : x.logsumexp(axes, true); }

template <auto F>
void reduced(KernelContext& context) {
    context.outputs[0] = owned(context, F(wide(context.inputs[0]), axesOf(context)));
}

/// The first of equal extremes, or the last.
at::Tensor extremeAt(C context, bool greatest) {
    const std::int64_t axis = axisOf(context, 0);
    const bool last = context.node.integer("select_last_index", 0) != 0;
    at::Tensor x = wide(context.inputs[0]);
    if (last) x = x.flip(axis);
    const at::Tensor found = greatest ? x.argmax(axis, true) : x.argmin(axis, true);
    return last ? x.size(axis) - 1 - found : found;
}

at::Tensor hardmax(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const std::int64_t axis = axisOf(context, -1);
    return at::zeros_like(x).scatter_(axis, x.argmax(axis, true), 1);
}

void softmaxBackward(KernelContext& context) {
    const at::Tensor dy = wide(context.outputGradients[0]), y = wide(context.outputs[0]);
    context.inputGradients[0] =
        tensor::inLayout(as(at::_softmax_backward_data(dy, y, axisOf(context, -1), y.scalar_type()), context.outputGradients[0].scalar_type()));
}
void logSoftmaxBackward(KernelContext& context) {
    const at::Tensor dy = wide(context.outputGradients[0]), y = wide(context.outputs[0]);
    context.inputGradients[0] =
        tensor::inLayout(as(at::_log_softmax_backward_data(dy, y, axisOf(context, -1), y.scalar_type()), context.outputGradients[0].scalar_type()));
}

at::Tensor runningSum(C context) {
    const graph::NodeView view = viewOf(context);
    at::Tensor x = wide(context.inputs[0]);
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(graph::numbersOf(view, 1)[0], static_cast<std::size_t>(x.dim())));
    const bool reverse = context.node.integer("reverse", 0) != 0;
    if (reverse) x = x.flip(axis);
    at::Tensor sum = x.cumsum(axis);
    if (context.node.integer("exclusive", 0) != 0) sum = sum - x;
    return reverse ? sum.flip(axis) : sum;
}

Kernel row(std::string_view name, void (*forward)(KernelContext&), void (*backward)(KernelContext&) = nullptr) {
    return {operatorNamed(name), forward, backward};
}

}  // namespace

std::vector<Kernel> reductionKernels() {
    return {row("ReduceL1", reduced<[](T x, Axes axes) { return summed(x.abs(), axes); }>),
            row("ReduceL2", reduced<[](T x, Axes axes) { return at::isFloatingType(x.scalar_type()) && !axes.empty() ? x.norm(2, axes, true) : summed(x * x, axes).sqrt(); }>),
            row("ReduceLogSum", reduced<[](T x, Axes axes) { return summed(x, axes).log(); }>),
            row("ReduceLogSumExp", reduced<logSumExp>),
            row("ReduceMax", reduced<extreme<true>>),
            row("ReduceMean", reduced<[](T x, Axes axes) { return axes.empty() ? x : at::isFloatingType(x.scalar_type()) ? x.mean(axes, true) : x.to(at::kDouble).mean(axes, true); }>),
            row("ReduceMin", reduced<extreme<false>>),
            row("ReduceProd", reduced<multiplied>),
            row("ReduceSum", reduced<summed>),
            row("ReduceSumSquare", reduced<[](T x, Axes axes) { return summed(x * x, axes); }>),
            row("ArgMax", made<[](C c) { return extremeAt(c, true); }>),
            row("ArgMin", made<[](C c) { return extremeAt(c, false); }>),
            row("Softmax", made<[](C c) { return wide(c.inputs[0]).softmax(axisOf(c, -1)); }>, softmaxBackward),
            row("LogSoftmax", made<[](C c) { return wide(c.inputs[0]).log_softmax(axisOf(c, -1)); }>, logSoftmaxBackward),
            row("Hardmax", made<hardmax>),
            row("CumSum", made<runningSum>)};
}

}  // namespace headroom::run
