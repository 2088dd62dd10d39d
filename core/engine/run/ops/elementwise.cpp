// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/elementwise.h"

#include <ATen/ops/add.h>
#include <ATen/ops/sum.h>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

void forward(KernelContext& context) {
    context.outputs[0] = as(at::add(context.inputs[0], context.inputs[1]), outputType(context));
}

/// The gradient summed over the dimensions along which an input was repeated, in fp32 where it is of low precision.
at::Tensor reduced(const at::Tensor& gradient, at::IntArrayRef shape) {
    if (gradient.sizes() == shape) return gradient;
    std::vector<std::int64_t> dims;
    const auto lead = gradient.dim() - static_cast<std::int64_t>(shape.size());
    for (std::int64_t dim = 0; dim < gradient.dim(); ++dim)
        if (dim < lead || (shape[static_cast<std::size_t>(dim - lead)] == 1 && gradient.size(dim) != 1)) dims.push_back(dim);
    // Same elements, fewer or more leading ones: no sum, and no copy.
    if (dims.empty() || gradient.numel() == c10::multiply_integers(shape)) return gradient.view(shape);
    const bool low = gradient.scalar_type() == at::kBFloat16 || gradient.scalar_type() == at::kHalf;
    return at::sum(gradient, dims, false, low ? at::kFloat : gradient.scalar_type()).view(shape);
}

void backward(KernelContext& context) {
    for (std::size_t i = 0; i < 2; ++i)
        if (context.wantsGradient[i]) context.inputGradients[i] = reduced(context.outputGradients[0], inputShape(context, i));
}

}  // namespace

const Kernel kAddKernel{&graph::kAdd, forward, backward};

}  // namespace headroom::run
