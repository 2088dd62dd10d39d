// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sum.h>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/families.h"
#include "engine/run/segment.h"

namespace headroom::run {
namespace {

at::Tensor transposedIf(const at::Tensor& matrix, bool transposed) { return transposed ? matrix.t() : matrix; }

/// [..., k] as a matrix [rows, k].
at::Tensor flat(const at::Tensor& tensor) { return tensor.dim() == 2 ? tensor : tensor.reshape({-1, tensor.size(-1)}); }

at::Tensor shapedAs(const at::Tensor& matrix, at::IntArrayRef shape) {
    return matrix.sizes() == shape ? matrix : matrix.view(shape);
}

/// Sum over the rows, at least in fp32: gradients of biases.
at::Tensor columnSums(const at::Tensor& matrix) {
    return at::sum(matrix, {0}, false, matrix.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

void gemmForward(KernelContext& context) {
    const at::ScalarType type = productType(context.inputs[0]);
    const at::Tensor place = placeFor(context.outputTypes[0]->shape, outputType(context), type, context.inputs[0].device());
    const at::Tensor a = transposedIf(as(context.inputs[0], type), context.node.integer("transA", 0) != 0);
    const at::Tensor b = transposedIf(as(context.inputs[1], type), context.node.integer("transB", 0) != 0);
    const double alpha = context.node.real("alpha", 1), beta = context.node.real("beta", 1);
    const bool bias = context.inputs.size() > 2 && context.inputs[2].defined();
    at::Tensor y = bias ? at::addmm(as(context.inputs[2], type), a, b, beta, alpha) : at::mm(a, b);
    if (!bias && alpha != 1) y = at::mul(y, alpha);
    context.outputs[0] = settled(place, y);
}

/// d(op(A)) = alpha dY op(B)^T, d(op(B)) = alpha op(A)^T dY, each transposed back where op transposes.
void gemmBackward(KernelContext& context) {
    const at::Tensor& gradient = context.outputGradients[0];
    const at::ScalarType type = productType(gradient);
    const bool transA = context.node.integer("transA", 0) != 0, transB = context.node.integer("transB", 0) != 0;
    const double alpha = context.node.real("alpha", 1), beta = context.node.real("beta", 1);
    const at::Tensor place = context.wantsGradient[0] ? placeFor(inputShape(context), gradient.scalar_type(), type, gradient.device()) : at::Tensor();
    const at::Tensor dy = as(gradient, type);
    const auto scaled = [](at::Tensor t, double factor) { return factor == 1 ? t : at::mul(t, factor); };
    if (context.wantsGradient[0]) {
        const at::Tensor b = as(context.inputs[1], type);
        const at::Tensor da = transA ? at::mm(transposedIf(b, transB), dy.t()) : at::mm(dy, transposedIf(b, !transB));
        context.inputGradients[0] = settled(place, scaled(da, alpha));
    }
    if (context.wantsGradient[1]) {
        const at::Tensor a = as(context.inputs[0], type);
        const at::Tensor db = transB ? at::mm(dy.t(), transposedIf(a, transA)) : at::mm(transposedIf(a, !transA), dy);
        context.inputGradients[1] = scaled(db, alpha);
    }
    if (context.wantsGradient.size() <= 2 || !context.wantsGradient[2]) return;
    const at::IntArrayRef bias = inputShape(context, 2);
    const bool isVector = bias.size() == 1 && bias[0] == dy.size(1);
    context.inputGradients[2] = scaled(isVector ? columnSums(dy) : dy.sum_to_size(bias), beta);
}

/// Stacks of matrices, and vectors; differentiated as a segment.
void stacksForward(KernelContext& context) {
    const at::ScalarType type = wideType(productType(context.inputs[0]));
    context.outputs[0] = owned(context, as(context.inputs[0], type).matmul(as(context.inputs[1], type)));
}

bool isOneProduct(const KernelContext& context) {
    return graph::isOneProduct(context.inputTypes[0]->shape.size(), context.inputTypes[1]->shape.size());
}

void matMulForward(KernelContext& context) {
    if (!isOneProduct(context)) return stacksForward(context);
    const at::ScalarType type = productType(context.inputs[0]);
    const at::Tensor place = placeFor(context.outputTypes[0]->shape, outputType(context), type, context.inputs[0].device());
    const at::Tensor x = flat(as(context.inputs[0], type));
    const at::Tensor w = as(context.inputs[1], type);
    const bool bias = context.inputs.size() > 2 && context.inputs[2].defined();
    const at::Tensor y = bias ? at::addmm(as(context.inputs[2], type), x, w) : at::mm(x, w);
    context.outputs[0] = settled(place, shapedAs(y, context.outputTypes[0]->shape));
}

void matMulBackward(KernelContext& context) {
    if (!isOneProduct(context)) return backwardByAutograd(kMatMulKernel, context);
    const at::Tensor gradient = flat(context.outputGradients[0]);
    const at::ScalarType type = productType(gradient);
    const at::Tensor place = context.wantsGradient[0] ? placeFor(inputShape(context), gradient.scalar_type(), type, gradient.device()) : at::Tensor();
    const at::Tensor dy = as(gradient, type);
    if (context.wantsGradient[0]) {
        const at::Tensor dx = at::mm(dy, as(context.inputs[1], type).t());
        context.inputGradients[0] = settled(place, shapedAs(dx, inputShape(context)));
    }
    if (context.wantsGradient[1]) context.inputGradients[1] = at::mm(flat(as(context.inputs[0], type)).t(), dy);
    if (context.wantsGradient.size() > 2 && context.wantsGradient[2]) context.inputGradients[2] = columnSums(dy);
}

}  // namespace

const Kernel kGemmKernel{&graph::kGemm, gemmForward, gemmBackward};
const Kernel kMatMulKernel{&graph::kMatMul, matMulForward, matMulBackward};
const Kernel kLinearKernel{&graph::kLinear, matMulForward, matMulBackward};

}  // namespace headroom::run
