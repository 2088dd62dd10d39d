// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/binary.h"

#include <ATen/ops/clamp_max.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/fmod.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include <optional>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

at::Tensor operand(C context, std::size_t input) { return wide(context.inputs[input]); }

/// Whole numbers divide towards zero.
at::Tensor divided(T a, T b) { return at::isFloatingType(a.scalar_type()) ? a / b : a.div(b, "trunc"); }

at::Tensor power(T base, T exponent) {
    // Whole numbers have no negative powers: through fp64 they give 0, as numpy's conversion does.
    const bool throughReal = !at::isFloatingType(base.scalar_type()) && at::isFloatingType(exponent.scalar_type());
    return throughReal ? at::pow(base.to(at::kDouble), exponent.to(at::kDouble)) : at::pow(base, exponent.to(base.scalar_type()));
}

/// With fmod the sign is the dividend's, else the divisor's.
at::Tensor modulo(C context) {
    const at::Tensor a = operand(context, 0), b = operand(context, 1);
    return context.node.integer("fmod", 0) != 0 ? at::fmod(a, b) : at::remainder(a, b);
}

at::Tensor slope(C context) {
    const at::Tensor x = operand(context, 0);
    return at::where(x < 0, x * operand(context, 1), x);
}

/// The number that a constant input holds; nothing where it is a tensor, or absent.
std::optional<double> constantBound(C context, std::size_t input) {
    if (input >= context.node.inputs.size() || context.node.inputs[input] == graph::kNone) return std::nullopt;
    const graph::Value& value = context.graph->value(context.node.inputs[input]);
    if (value.kind != graph::ValueKind::Constant) return std::nullopt;
    return value.reals.empty() ? static_cast<double>(value.constant.at(0)) : value.reals[0];
}

at::Tensor clipped(C context) {
    at::Tensor x = operand(context, 0);
    if (const auto least = constantBound(context, 1)) x = at::clamp_min(x, *least);
    else if (isPresent(context, 1)) x = at::maximum(x, as(operand(context, 1), x.scalar_type()));
    if (const auto most = constantBound(context, 2)) x = at::clamp_max(x, *most);
    else if (isPresent(context, 2)) x = at::minimum(x, as(operand(context, 2), x.scalar_type()));
    return x;
}

at::Tensor chosen(C context) { return at::where(context.inputs[0], operand(context, 1), operand(context, 2)); }

/// In int64, where a shift by more than the type's bits gives 0 after the conversion back.
at::Tensor shifted(C context) {
    const at::Tensor a = context.inputs[0].to(at::kLong), by = context.inputs[1].to(at::kLong);
    return context.node.text("direction", "") == "LEFT" ? a.__lshift__(by) : a.__rshift__(by);
}

template <auto F>
at::Tensor folded(C context) {
    at::Tensor result = operand(context, 0);
    for (std::size_t i = 1; i < context.inputs.size(); ++i) result = F(result, operand(context, i));
    return result;
}
template <auto F>
void pairOf(KernelContext& context) {
    context.outputs[0] = owned(context, F(operand(context, 0), operand(context, 1)));
}

/// Summed over the dimensions along which an input was repeated, in fp32 where it is of low precision.
at::Tensor reducedTo(T gradient, at::IntArrayRef shape) { return as(gradient, wideType(gradient.scalar_type())).sum_to_size(shape); }

void settle(KernelContext& context, std::size_t input, const at::Tensor& gradient) {
    const at::Tensor sum = reducedTo(gradient, inputShape(context, input));
    const at::Tensor laid = tensor::inLayout(as(sum, tensor::scalarType(context.inputTypes[input]->dtype)));
    context.inputGradients[input] = laid.is_alias_of(context.outputGradients[0]) ? laid.clone() : laid;
}

void productBackward(KernelContext& context) {
    const at::Tensor dy = wide(context.outputGradients[0]);
    for (std::size_t i = 0; i < 2; ++i)
        if (context.wantsGradient[i]) settle(context, i, dy * operand(context, 1 - i));
}

void differenceBackward(KernelContext& context) {
    const at::Tensor& dy = context.outputGradients[0];
    if (context.wantsGradient[0]) settle(context, 0, dy);
    if (context.wantsGradient[1]) settle(context, 1, dy.neg());
}

Kernel row(std::string_view name, void (*forward)(KernelContext&), void (*backward)(KernelContext&) = nullptr) {
    return {operatorNamed(name), forward, backward};
}

}  // namespace

std::vector<Kernel> binaryKernels() {
    return {row("Sub", pairOf<[](T a, T b) { return a - b; }>, differenceBackward),
            row("Mul", pairOf<[](T a, T b) { return a * b; }>, productBackward),
            row("Div", pairOf<divided>),
            row("Pow", pairOf<power>),
            row("Mod", made<modulo>),
            row("PRelu", made<slope>),
            row("Max", made<folded<[](T a, T b) { return at::maximum(a, b); }>>),
            row("Min", made<folded<[](T a, T b) { return at::minimum(a, b); }>>),
            row("Sum", made<folded<[](T a, T b) { return a + b; }>>),
            row("Mean", made<[](C c) { return folded<[](T a, T b) { return a + b; }>(c) / static_cast<double>(c.inputs.size()); }>),
            row("Where", made<chosen>),
            row("Clip", made<clipped>),
            row("Equal", pairOf<[](T a, T b) { return a.eq(b); }>),
            row("Greater", pairOf<[](T a, T b) { return a.gt(b); }>),
            row("Less", pairOf<[](T a, T b) { return a.lt(b); }>),
            row("GreaterOrEqual", pairOf<[](T a, T b) { return a.ge(b); }>),
            row("LessOrEqual", pairOf<[](T a, T b) { return a.le(b); }>),
            row("And", pairOf<[](T a, T b) { return a.logical_and(b); }>),
            row("Or", pairOf<[](T a, T b) { return a.logical_or(b); }>),
            row("Xor", pairOf<[](T a, T b) { return a.logical_xor(b); }>),
            row("BitwiseAnd", pairOf<[](T a, T b) { return a.bitwise_and(b); }>),
            row("BitwiseOr", pairOf<[](T a, T b) { return a.bitwise_or(b); }>),
            row("BitwiseXor", pairOf<[](T a, T b) { return a.bitwise_xor(b); }>),
            row("BitShift", made<shifted>)};
}

}  // namespace headroom::run
