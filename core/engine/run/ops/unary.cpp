// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/unary.h"

#include <ATen/ops/celu.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/sigmoid_backward.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh_backward.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

double real(C context, std::string_view attribute, double fallback) { return context.node.real(attribute, fallback); }

at::Tensor shrink(C context, T x) {
    const double lambda = real(context, "lambd", 0.5), bias = real(context, "bias", 0);
    const at::Tensor zero = at::zeros_like(x);
    return at::where(x < -lambda, x + bias, at::where(x > lambda, x - bias, zero));
}

at::Tensor isInfinite(C context, T x) {
    const bool low = context.node.integer("detect_negative", 1) != 0, high = context.node.integer("detect_positive", 1) != 0;
    const at::Tensor infinite = x.isinf();
    if (low && high) return infinite;
    return low ? infinite & (x < 0) : high ? infinite & (x > 0) : at::zeros_like(infinite);
}

/// Derivatives that follow from the output, in the type to compute in.
template <auto F>
void backwardOf(KernelContext& context) {
    const at::Tensor dy = wide(context.outputGradients[0]), y = wide(context.outputs[0]);
    context.inputGradients[0] = tensor::inLayout(as(F(dy, y), context.outputGradients[0].scalar_type()));
}

Kernel row(std::string_view name, void (*forward)(KernelContext&), void (*backward)(KernelContext&) = nullptr) {
    return {operatorNamed(name), forward, backward};
}

}  // namespace

std::vector<Kernel> unaryKernels() {
    return {row("Abs", madeOf<[](C, T x) { return x.abs(); }>),
            row("Acos", madeOf<[](C, T x) { return x.acos(); }>),
            row("Acosh", madeOf<[](C, T x) { return x.acosh(); }>),
            row("Asin", madeOf<[](C, T x) { return x.asin(); }>),
            row("Asinh", madeOf<[](C, T x) { return x.asinh(); }>),
            row("Atan", madeOf<[](C, T x) { return x.atan(); }>),
            row("Atanh", madeOf<[](C, T x) { return x.atanh(); }>),
            row("Ceil", madeOf<[](C, T x) { return x.ceil(); }>),
            row("Celu", madeOf<[](C c, T x) { return at::celu(x, real(c, "alpha", 1)); }>),
            row("Cos", madeOf<[](C, T x) { return x.cos(); }>),
            row("Cosh", madeOf<[](C, T x) { return x.cosh(); }>),
            row("Elu", madeOf<[](C c, T x) { return at::elu(x, real(c, "alpha", 1)); }>),
            row("Erf", madeOf<[](C, T x) { return x.erf(); }>),
            row("Exp", madeOf<[](C, T x) { return x.exp(); }>, backwardOf<[](T dy, T y) { return dy * y; }>),
            row("Floor", madeOf<[](C, T x) { return x.floor(); }>),
            row("HardSigmoid", madeOf<[](C c, T x) { return (x * real(c, "alpha", 0.2) + real(c, "beta", 0.5)).clamp(0, 1); }>),
            row("HardSwish", madeOf<[](C, T x) { return at::hardswish(x); }>),
            row("LeakyRelu", madeOf<[](C c, T x) { return at::leaky_relu(x, real(c, "alpha", 0.01)); }>),
            row("Log", madeOf<[](C, T x) { return x.log(); }>),
            row("Mish", madeOf<[](C, T x) { return at::mish(x); }>),
            row("Neg", madeOf<[](C, T x) { return x.neg(); }>),
            row("Reciprocal", madeOf<[](C, T x) { return x.reciprocal(); }>),
            row("Round", madeOf<[](C, T x) { return x.round(); }>),
            row("Selu", madeOf<[](C c, T x) { return at::elu(x, real(c, "alpha", 1.67326319217681884765625), real(c, "gamma", 1.05070102214813232421875)); }>),
            row("Shrink", madeOf<shrink>),
            row("Sigmoid", madeOf<[](C, T x) { return x.sigmoid(); }>, backwardOf<[](T dy, T y) { return at::sigmoid_backward(dy, y); }>),
            row("Sign", madeOf<[](C, T x) { return x.sign(); }>),
            row("Sin", madeOf<[](C, T x) { return x.sin(); }>),
            row("Sinh", madeOf<[](C, T x) { return x.sinh(); }>),
            row("Softplus", madeOf<[](C, T x) { return at::softplus(x); }>),
            row("Softsign", madeOf<[](C, T x) { return x / (x.abs() + 1); }>),
            row("Sqrt", madeOf<[](C, T x) { return x.sqrt(); }>),
            row("Tan", madeOf<[](C, T x) { return x.tan(); }>),
            row("Tanh", madeOf<[](C, T x) { return x.tanh(); }>, backwardOf<[](T dy, T y) { return at::tanh_backward(dy, y); }>),
            row("ThresholdedRelu", madeOf<[](C c, T x) { return at::where(x > real(c, "alpha", 1), x, at::zeros_like(x)); }>),
            row("IsInf", madeOf<isInfinite>),
            row("IsNaN", madeOf<[](C, T x) { return x.isnan(); }>),
            row("Not", madeOf<[](C, T x) { return x.logical_not(); }>),
            row("BitwiseNot", madeOf<[](C, T x) { return x.bitwise_not(); }>)};
}

}  // namespace headroom::run
