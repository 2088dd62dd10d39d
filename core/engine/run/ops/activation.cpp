// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

constexpr std::int64_t kGrain = 8192;

void reluForward(KernelContext& context) {
    context.outputs[0] = context.writesInput ? at::relu_(context.inputs[0]) : at::relu(context.inputs[0]);
}

void reluBackward(KernelContext& context) {
    context.inputGradients[0] = at::threshold_backward(context.outputGradients[0], context.outputs[0], 0);
}

bool tanhForm(const KernelContext& context) { return context.node.text("approximate", "none") == "tanh"; }

void geluForward(KernelContext& context) {
    const bool form = tanhForm(context);
    if (!hasOwnLoops(context.inputs[0])) {
        context.outputs[0] = at::gelu(context.inputs[0], form ? "tanh" : "none");
        return;
    }
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    const at::Tensor y = emptyLike(x);
    withElement(x, [&]<class T>() {
        parallel(x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
            simd::table<T>().gelu(elements<T>(x) + begin, elements<T>(y) + begin, end - begin, form);
        });
    });
    context.outputs[0] = y;
}

void geluBackward(KernelContext& context) {
    const bool form = tanhForm(context);
    if (!hasOwnLoops(context.inputs[0])) {
        context.inputGradients[0] = at::gelu_backward(context.outputGradients[0], context.inputs[0], form ? "tanh" : "none");
        return;
    }
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    const at::Tensor dy = tensor::inLayout(as(context.outputGradients[0], x.scalar_type()));
    const at::Tensor dx = emptyLike(x);
    withElement(x, [&]<class T>() {
        parallel(x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
            simd::table<T>().geluBackward(elements<T>(dy) + begin, elements<T>(x) + begin, elements<T>(dx) + begin,
                                          end - begin, form);
        });
    });
    context.inputGradients[0] = dx;
}

}  // namespace

const Kernel kReluKernel{&graph::kRelu, reluForward, reluBackward};
const Kernel kGeluKernel{&graph::kGelu, geluForward, geluBackward};

}  // namespace headroom::run
