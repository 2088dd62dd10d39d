// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/quantization.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "base/graph/ops/windows.h"
#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using Numbers = std::vector<std::int64_t>;

struct Limits {
    double least, greatest;
};
Limits limitsOf(at::ScalarType type) {
    switch (type) {
        case at::kByte: return {0, 255};
        case at::kChar: return {-128, 127};
        case at::kShort: return {-32768, 32767};
        case at::kUInt16: return {0, 65535};
        default: return {-2147483648.0, 2147483647.0};
    }
}

/// A scale or zero point against x: one number, one a slice along the axis, or one a block repeated.
at::Tensor spread(C context, T parameter, T x) {
    if (parameter.numel() == 1) return parameter.reshape({});
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", 1), static_cast<std::size_t>(x.dim())));
    if (parameter.dim() == 1) {
        Numbers shape(static_cast<std::size_t>(x.dim()), 1);
        shape[static_cast<std::size_t>(axis)] = x.size(axis);
        return parameter.reshape(shape);
    }
    return parameter.repeat_interleave(context.node.integer("block_size", 1), axis).narrow(axis, 0, x.size(axis));
}

at::Tensor zeroPoint(C context, std::size_t input, T like) {
    return isPresent(context, input) ? wide(context.inputs[input]).to(at::kDouble) : at::zeros({}, like.options().dtype(at::kDouble));
}

at::Tensor rounded(T real, T zero, at::ScalarType type) {
    const Limits limits = limitsOf(type);
    return (real.round() + zero).clamp(limits.least, limits.greatest);
}

/// Division in fp32, as the reference does: a quotient half way between two numbers decides which one it is.
at::Tensor quantized(C context) {
    const at::Tensor x = context.inputs[0].to(at::kFloat);
    const at::Tensor scale = spread(context, wide(context.inputs[1]).to(at::kFloat), x);
    return rounded((x / scale).to(at::kDouble), spread(context, zeroPoint(context, 2, x), x), outputType(context));
}

at::Tensor dequantized(C context) {
    const at::Tensor x = wide(context.inputs[0]).to(at::kDouble);
    return (x - spread(context, zeroPoint(context, 2, x), x)).to(at::kFloat) * spread(context, wide(context.inputs[1]).to(at::kFloat), x);
}

/// Scale and zero point from the range of the input, which holds 0.
void dynamicallyQuantized(KernelContext& context) {
    const at::Tensor x = context.inputs[0].to(at::kFloat);
    const at::Tensor least = x.min().clamp_max(0), greatest = x.max().clamp_min(0);
    const at::Tensor scale = (greatest - least) / 255, zero = (-least / scale).clamp(0, 255).round().to(at::kDouble);
    context.outputs[0] = owned(context, rounded((x / scale).to(at::kDouble), zero, at::kByte));
    context.outputs[1] = owned(context, scale, 1);
    context.outputs[2] = owned(context, zero, 2);
}

/// Whole numbers less their zero point, in fp64, where sums of products of bytes are exact.
at::Tensor centred(C context, std::size_t input, std::size_t zero, std::int64_t dim) {
    const at::Tensor x = context.inputs[input].to(at::kDouble);
    at::Tensor point = zeroPoint(context, zero, x);
    if (point.numel() > 1 && point.dim() == 1) {
        Numbers shape(static_cast<std::size_t>(x.dim()), 1);
        shape[static_cast<std::size_t>(dim < 0 ? dim + x.dim() : dim)] = point.numel();
        point = point.reshape(shape);
    }
    return x - (point.numel() == 1 ? point.reshape({}) : point);
}

at::Tensor convolved(C context, T x, T w) {
    const graph::Windows windows = graph::windowsOf(context.node, w.sizes().slice(2).vec());
    Numbers around;
    for (std::size_t i = windows.kernel.size(); i > 0; --i) around.insert(around.end(), {windows.padBegin[i - 1], windows.padEnd[i - 1]});
    const Numbers none(windows.kernel.size(), 0);
    return at::convolution(at::constant_pad_nd(x, around, 0), w, std::nullopt, windows.stride, none, windows.dilation, false, none,
                           context.node.integer("group", 1));
}

/// A sum of products by the scales of its operands and its own.
at::Tensor requantized(C context, T product, T factor) {
    return rounded((product * factor), zeroPoint(context, 7, product), outputType(context));
}
at::Tensor scaleOf(C context, std::size_t input) { return wide(context.inputs[input]).to(at::kDouble); }

/// One a row of the left operand, one a column of the right.
at::Tensor asColumn(T scale) { return scale.dim() == 1 && scale.numel() > 1 ? scale.unsqueeze(-1) : scale; }

at::Tensor matMul(C context) { return centred(context, 0, 2, -2).matmul(centred(context, 1, 3, -1)); }
at::Tensor conv(C context) { return convolved(context, centred(context, 0, 2, 1), centred(context, 1, 3, 0)); }

at::Tensor linearMatMul(C context) {
    const at::Tensor product = centred(context, 0, 2, -2).matmul(centred(context, 3, 5, -1));
    return requantized(context, product, asColumn(scaleOf(context, 1)) * scaleOf(context, 4) / scaleOf(context, 6));
}

at::Tensor linearConv(C context) {
    at::Tensor product = convolved(context, centred(context, 0, 2, 1), centred(context, 3, 5, 0));
    Numbers channels(static_cast<std::size_t>(product.dim()), 1);
    channels[1] = -1;
    if (isPresent(context, 8)) product = product + context.inputs[8].to(at::kDouble).reshape(channels);
    return requantized(context, product, scaleOf(context, 1) * scaleOf(context, 4).reshape(channels) / scaleOf(context, 6));
}

}  // namespace

std::vector<Kernel> quantizationKernels() {
    return {{operatorNamed("QuantizeLinear"), made<quantized>, nullptr},
            {operatorNamed("DequantizeLinear"), made<dequantized>, nullptr},
            {operatorNamed("DynamicQuantizeLinear"), dynamicallyQuantized, nullptr},
            {operatorNamed("MatMulInteger"), made<matMul>, nullptr},
            {operatorNamed("ConvInteger"), made<conv>, nullptr},
            {operatorNamed("QLinearMatMul"), made<linearMatMul>, nullptr},
            {operatorNamed("QLinearConv"), made<linearConv>, nullptr}};
}

}  // namespace headroom::run
