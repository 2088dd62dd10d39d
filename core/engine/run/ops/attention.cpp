// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/attention.h"

#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "engine/run/ops/attention_composed.h"
#include "engine/run/ops/attention_heads.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"
#include "engine/run/segment.h"

namespace headroom::run {
namespace {

using graph::AttentionAlgorithm;

constexpr std::size_t kPastKey = 4, kPastValue = 5;

graph::ResolvedNode resolvedOf(const KernelContext& context) {
    return {context.node, {*context.inputTypes[0], *context.inputTypes[1], *context.inputTypes[2]}, {}};  // all that is asked
}

AttentionAlgorithm algorithmOf(const KernelContext& context, const at::Tensor& q) {
    graph::ResolvedNode node = resolvedOf(context);
    node.inputs[0].dtype = tensor::dtype(q.scalar_type());
    return graph::attentionAlgorithm(node, q.is_cuda() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu);
}

std::int64_t heads(const KernelContext& context) { return context.node.integer("q_num_heads", 1); }
bool causal(const KernelContext& context) { return context.node.integer("is_causal", 0) != 0; }

double scaleOf(const KernelContext& context) {
    const double width = static_cast<double>(context.inputTypes[0]->shape[2] / heads(context));
    return context.node.real("scale", 1 / std::sqrt(width));
}

/// [b, t, heads * width] as [b, heads, t, width], and back.
at::Tensor byHead(const at::Tensor& packed, std::int64_t count) {
    return packed.unflatten(2, {count, packed.size(2) / count}).transpose(1, 2);
}
at::Tensor packed(const at::Tensor& byHead) { return byHead.transpose(1, 2).reshape({byHead.size(0), byHead.size(2), -1}); }

HeadShape shapeOf(const KernelContext& context) {
    const auto& q = context.inputTypes[0]->shape;
    return {q[0], heads(context), q[1], context.inputTypes[1]->shape[1], q[2] / heads(context),
            static_cast<float>(scaleOf(context)), causal(context)};
}

/// Element types without own loops: the same mathematics in LibTorch's operators.
at::Tensor composedProbabilities(const KernelContext& context) {
    const at::Tensor q = byHead(context.inputs[0], heads(context)), k = byHead(context.inputs[1], heads(context));
    at::Tensor scores = q.matmul(k.transpose(2, 3)).mul(scaleOf(context));
    if (causal(context)) {
        const at::Tensor hidden = at::ones({q.size(2), k.size(2)}, q.options().dtype(at::kBool)).triu(1);
        scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
    }
    return at::softmax(scores, -1);
}

void forwardBatched(KernelContext& context) {
    if (!hasOwnLoops(context.inputs[0])) {
        const at::Tensor p = composedProbabilities(context);
        context.outputs[0] = packed(p.matmul(byHead(context.inputs[2], heads(context))));
        if (context.training) context.extras[0] = p;
        return;
    }
    const HeadShape shape = shapeOf(context);
    const at::Tensor& q = context.inputs[0];
    context.outputs[0] = at::empty({shape.batch, shape.queries, shape.heads * shape.width}, q.options());
    if (context.training) context.extras[0] = at::empty({shape.batch, shape.heads, shape.queries, shape.keys}, q.options());
    attendByHead(shape, q, context.inputs[1], context.inputs[2], context.outputs[0],
                 context.training ? context.extras[0] : at::Tensor());
}

void backwardBatchedComposed(KernelContext& context) {
    const std::int64_t count = heads(context);
    const at::Tensor q = byHead(context.inputs[0], count), k = byHead(context.inputs[1], count),
                     v = byHead(context.inputs[2], count), dy = byHead(context.outputGradients[0], count);
    const at::Tensor& p = context.extras[0];
    const at::Tensor dp = dy.matmul(v.transpose(2, 3));
    const at::Tensor ds = p.mul(dp - dp.mul(p).sum(-1, true)).mul(scaleOf(context));
    if (context.wantsGradient[0]) context.inputGradients[0] = packed(ds.matmul(k));
    if (context.wantsGradient[1]) context.inputGradients[1] = packed(ds.transpose(2, 3).matmul(q));
    if (context.wantsGradient[2]) context.inputGradients[2] = packed(p.transpose(2, 3).matmul(dy));
}

void backwardBatched(KernelContext& context) {
    if (!hasOwnLoops(context.inputs[0])) return backwardBatchedComposed(context);
    const at::Tensor& q = context.inputs[0];
    const at::Tensor dy = as(context.outputGradients[0], q.scalar_type()).contiguous();
    std::array<at::Tensor, 3> gradients;
    for (std::size_t i = 0; i < 3; ++i) gradients[i] = at::empty(inputShape(context, i), q.options());
    attendByHeadBackward(shapeOf(context), q, context.inputs[1], context.inputs[2], context.extras[0], dy, gradients);
    for (std::size_t i = 0; i < 3; ++i)
        if (context.wantsGradient[i]) context.inputGradients[i] = gradients[i];
}

/// Own loops cannot be differentiated.
bool goesByHeadAfterCache(const KernelContext& context) {
    if (c10::GradMode::is_enabled() || !graph::isPlainAfterCache(resolvedOf(context))) return false;
    const at::Tensor& q = context.inputs[0];
    return hasOwnLoops(q) && context.inputs[kPastKey].scalar_type() == q.scalar_type() && context.inputs[kPastValue].scalar_type() == q.scalar_type();
}

/// [b, heads, past, width] by tokens: no copy of what lies so already.
at::Tensor byToken(const at::Tensor& past) { return past.transpose(1, 2).contiguous().flatten(2); }

void forwardAfterCache(KernelContext& context) {
    const at::Tensor& q = context.inputs[0];
    HeadShape shape = shapeOf(context);
    shape.past = context.inputTypes[kPastKey]->shape[2];
    shape.keys += shape.past;
    context.outputs[0] = at::empty({shape.batch, shape.queries, shape.heads * shape.width}, q.options());
    attendByHead(shape, q, context.inputs[1], context.inputs[2], context.outputs[0], {}, {byToken(context.inputs[kPastKey]), byToken(context.inputs[kPastValue])});
}

struct ByHead {
    at::Tensor q, k, v;
};
ByHead inputsByHead(const KernelContext& context) {
    const std::int64_t count = heads(context);
    return {byHead(context.inputs[0], count), byHead(context.inputs[1], count), byHead(context.inputs[2], count)};
}

void keep(KernelContext& context, const at::Tensor& out, const at::Tensor& statistics) {
    context.outputs[0] = packed(out);
    if (context.training) context.extras[0] = statistics;
}

void forwardFlash(KernelContext& context) {
    const auto [q, k, v] = inputsByHead(context);
    if (q.is_cpu()) {
        const auto [out, lse] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, 0, causal(context), {}, scaleOf(context));
        return keep(context, out, lse);
    }
    const auto result = at::_scaled_dot_product_flash_attention(q, k, v, 0, causal(context), false, scaleOf(context));
    keep(context, std::get<0>(result), std::get<1>(result));
}

void forwardEfficient(KernelContext& context) {
    const auto [q, k, v] = inputsByHead(context);
    const auto result = at::_scaled_dot_product_efficient_attention(q, k, v, {}, context.training, 0, causal(context), scaleOf(context));
    keep(context, std::get<0>(result), std::get<1>(result));
}

void hand(KernelContext& context, const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) {
    const std::array gradients{dq, dk, dv};
    for (std::size_t i = 0; i < 3; ++i)
        if (context.wantsGradient[i]) context.inputGradients[i] = packed(gradients[i]);
}

/// Without dropout the generator's state is read by nobody.
at::Tensor noState(const at::Tensor& like) { return at::empty({}, like.options().dtype(at::kLong)); }

void backwardFlash(KernelContext& context) {
    const auto [q, k, v] = inputsByHead(context);
    const at::Tensor dy = byHead(context.outputGradients[0], heads(context));
    const at::Tensor out = byHead(context.outputs[0], heads(context));
    const at::Tensor& lse = context.extras[0];
    if (q.is_cpu()) {
        const auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
            dy, q, k, v, out, lse, 0, causal(context), {}, scaleOf(context));
        return hand(context, dq, dk, dv);
    }
    const auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_backward(
        dy, q, k, v, out, lse, {}, {}, q.size(2), k.size(2), 0, causal(context), noState(q), noState(q), scaleOf(context));
    hand(context, dq, dk, dv);
}

void backwardEfficient(KernelContext& context) {
    const auto [q, k, v] = inputsByHead(context);
    const at::Tensor dy = byHead(context.outputGradients[0], heads(context));
    const at::Tensor out = byHead(context.outputs[0], heads(context));
    const at::Tensor state = at::empty({}, at::TensorOptions().dtype(at::kLong));
    const auto [dq, dk, dv, bias] = at::_scaled_dot_product_efficient_attention_backward(
        dy, q, k, v, {}, out, context.extras[0], state, state, 0, {true, true, true, false}, causal(context), scaleOf(context));
    hand(context, dq, dk, dv);
}

void forward(KernelContext& context) {
    switch (algorithmOf(context, context.inputs[0])) {
        case AttentionAlgorithm::Batched: return forwardBatched(context);
        case AttentionAlgorithm::Flash: return forwardFlash(context);
        case AttentionAlgorithm::Efficient: return forwardEfficient(context);
        case AttentionAlgorithm::Composed: return goesByHeadAfterCache(context) ? forwardAfterCache(context) : attendComposed(context);
    }
}

void backward(KernelContext& context) {
    switch (algorithmOf(context, context.inputs[0])) {
        case AttentionAlgorithm::Batched: return backwardBatched(context);
        case AttentionAlgorithm::Flash: return backwardFlash(context);
        case AttentionAlgorithm::Efficient: return backwardEfficient(context);
        case AttentionAlgorithm::Composed: return backwardByAutograd(kAttentionKernel, context);
    }
}

}  // namespace

const Kernel kAttentionKernel{&graph::kAttention, forward, backward};

}  // namespace headroom::run
