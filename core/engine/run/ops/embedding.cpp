// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/embedding.h"

#include <ATen/ops/add.h>
#include <ATen/ops/embedding_dense_backward.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/families.h"
#include "engine/run/segment.h"

namespace headroom::run {
namespace {

at::Tensor flatIndices(const at::Tensor& indices) { return as(indices.reshape({-1}), at::kLong); }

bool gathersRows(const KernelContext& context) { return graph::gathersRows(context.node, context.inputTypes[0]->shape.size()); }

/// Along any dimension, places below 0 counted from its end; differentiated as a segment.
void slicesForward(KernelContext& context) {
    const at::Tensor& x = context.inputs[0];
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", 0), static_cast<std::size_t>(x.dim())));
    const at::Tensor given = flatIndices(context.inputs[1]);
    context.outputs[0] = owned(context, x.index_select(axis, at::where(given < 0, given + x.size(axis), given)));
}

void gatherForward(KernelContext& context) {
    if (!gathersRows(context)) return slicesForward(context);
    const at::Tensor rows = at::index_select(context.inputs[0], 0, flatIndices(context.inputs[1]));
    context.outputs[0] = as(rows, outputType(context)).view(context.outputTypes[0]->shape);
}

/// Each thread owns some columns and goes through all rows in order: the same result on any number of threads.
at::Tensor scatteredSums(const at::Tensor& dy, const at::Tensor& indices, std::int64_t tableRows) {
    const std::int64_t width = dy.size(-1);
    const at::Tensor sums = at::zeros({tableRows, width}, dy.options().dtype(at::kFloat));
    const std::int64_t* rows = elements<std::int64_t>(indices);
    withElement(dy, [&]<class T>() {
        parallel(width, 64, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = 0; i < indices.numel(); ++i)
                simd::table<T>().accumulate(elements<T>(dy) + i * width + begin,
                                            elements<float>(sums) + rows[i] * width + begin, end - begin);
        });
    });
    return sums;
}

void gatherBackward(KernelContext& context) {
    if (!gathersRows(context)) return backwardByAutograd(kGatherKernel, context);
    const at::Tensor dy = context.outputGradients[0].contiguous();
    const at::Tensor indices = flatIndices(context.inputs[1]);
    const std::int64_t rows = inputShape(context)[0], width = dy.size(-1);
    context.inputGradients[0] = hasOwnLoops(dy) ? scatteredSums(dy, indices, rows)
                                                : at::embedding_dense_backward(dy.view({-1, width}), indices, rows, -1, false);
}

void positionsForward(KernelContext& context) {
    const at::Tensor& x = context.inputs[0];
    const at::Tensor table = context.inputs[1].narrow(0, 0, x.size(1));
    context.outputs[0] = as(at::add(x, table), outputType(context));
}

void positionsBackward(KernelContext& context) {
    const at::Tensor& dy = context.outputGradients[0];
    if (context.wantsGradient[0]) context.inputGradients[0] = dy;
    if (!context.wantsGradient[1]) return;
    at::Tensor table = at::zeros(inputShape(context, 1), dy.options().dtype(dy.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
    table.narrow(0, 0, dy.size(1)).copy_(at::sum(dy, {0}, false, table.scalar_type()));
    context.inputGradients[1] = table;
}

}  // namespace

const Kernel kGatherKernel{&graph::kGather, gatherForward, gatherBackward};
const Kernel kAddPositionsKernel{&graph::kAddPositions, positionsForward, positionsBackward};

}  // namespace headroom::run
