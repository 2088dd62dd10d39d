// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/shape.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

/// A view where memory allows it, else a copy in logical order.
void reshapeForward(KernelContext& context) { context.outputs[0] = context.inputs[0].reshape(context.outputTypes[0]->shape); }

/// A gradient that needs another order in memory becomes a tensor in layout, others stay views.
void reshapeBackward(KernelContext& context) {
    const at::Tensor gradient = context.outputGradients[0].reshape(inputShape(context));
    context.inputGradients[0] = tensor::inLayout(gradient);
}

std::vector<std::int64_t> permutation(const graph::Node& node, std::size_t rank) {
    std::vector<std::int64_t> reversed(rank);
    std::iota(reversed.rbegin(), reversed.rend(), 0);
    return node.integers("perm", reversed);
}

void transposeForward(KernelContext& context) {
    const auto perm = permutation(context.node, context.inputTypes[0]->shape.size());
    context.outputs[0] = tensor::inLayout(context.inputs[0].permute(perm).contiguous());
}

void transposeBackward(KernelContext& context) {
    const auto perm = permutation(context.node, context.inputTypes[0]->shape.size());
    std::vector<std::int64_t> inverse(perm.size());
    for (std::size_t i = 0; i < perm.size(); ++i) inverse[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
    context.inputGradients[0] = tensor::inLayout(context.outputGradients[0].permute(inverse).contiguous());
}

std::int64_t splitAxis(const KernelContext& context) {
    const std::int64_t axis = context.node.integer("axis", 0);
    return axis < 0 ? axis + static_cast<std::int64_t>(context.inputTypes[0]->shape.size()) : axis;
}

void splitForward(KernelContext& context) {
    const std::int64_t axis = splitAxis(context);
    std::int64_t from = 0;
    for (std::size_t k = 0; k < context.outputs.size(); ++k) {
        const std::int64_t width = context.outputTypes[k]->shape[static_cast<std::size_t>(axis)];
        context.outputs[k] = context.inputs[0].narrow(axis, from, width);
        from += width;
    }
}

void splitBackward(KernelContext& context) {
    const auto present = std::ranges::find_if(context.outputGradients, [](const at::Tensor& t) { return t.defined(); });
    std::vector<at::Tensor> parts(context.outputGradients.begin(), context.outputGradients.end());
    for (std::size_t k = 0; k < parts.size(); ++k)
        if (!parts[k].defined()) parts[k] = at::zeros(context.outputTypes[k]->shape, present->options());
    context.inputGradients[0] = at::cat(parts, splitAxis(context));
}

}  // namespace

const Kernel kFlattenKernel{&graph::kFlatten, reshapeForward, reshapeBackward};
const Kernel kReshapeKernel{&graph::kReshape, reshapeForward, reshapeBackward};
const Kernel kTransposeKernel{&graph::kTranspose, transposeForward, transposeBackward};
const Kernel kSplitKernel{&graph::kSplit, splitForward, splitBackward};

}  // namespace headroom::run
