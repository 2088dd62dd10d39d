// SPDX-License-Identifier: Apache-2.0
#include "engine/run/segment.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <memory>

#include "engine/tensor/bridge.h"

namespace headroom::run {
namespace {

/// The gradient in layout and in memory of its own: autograd hands on views, also repeated ones.
at::Tensor owned(const at::Tensor& gradient, const std::vector<at::Tensor>& seeds) {
    const at::Tensor laid = tensor::inLayout(gradient);
    const auto sharesMemory = [&](const at::Tensor& seed) { return seed.is_alias_of(laid); };
    const bool whole = laid.storage().nbytes() == static_cast<std::size_t>(laid.numel()) * laid.element_size();
    if (whole && std::ranges::none_of(seeds, sharesMemory)) return laid;
    at::Tensor copy = tensor::emptyInLayout(laid.sizes(), laid.scalar_type(), laid.device());
    return copy.copy_(laid);
}

}  // namespace

void backwardByAutograd(const Kernel& kernel, KernelContext& context) {
    // The tensors' own autograd keys are enough: forced ones would choose among backends (nested tensors) by their order.
    const auto& hidden = c10::autograd_dispatch_keyset_with_ADInplaceOrView;
    const c10::impl::ForceDispatchKeyGuard visible(c10::impl::tls_local_dispatch_key_set().included_,
                                                   c10::impl::tls_local_dispatch_key_set().excluded_ - hidden);
    const c10::AutoGradMode grad(true);
    std::vector<at::Tensor> inputs, wanted;
    for (std::size_t i = 0; i < context.inputs.size(); ++i) {
        inputs.push_back(context.inputs[i].defined() ? context.inputs[i].detach() : at::Tensor());
        if (context.wantsGradient[i]) wanted.push_back(inputs[i].requires_grad_(true));
    }
    std::vector<at::Tensor> outputs(context.outputTypes.size()), extras(context.extras.size());
    KernelContext again = context;
    again.inputs = inputs;
    again.outputs = outputs;
    again.extras = extras;
    again.writesInput = false;
    kernel.forward(again);
    std::vector<at::Tensor> roots, seeds;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        if (!context.outputGradients[k].defined()) continue;
        roots.push_back(outputs[k]);
        seeds.push_back(context.outputGradients[k]);
    }
    const auto gradients = torch::autograd::grad(roots, wanted, seeds, std::nullopt, false, /*allow_unused=*/true);
    for (std::size_t i = 0, next = 0; i < inputs.size(); ++i) {
        if (!context.wantsGradient[i]) continue;
        const at::Tensor& gradient = gradients[next++];
        context.inputGradients[i] = gradient.defined() ? owned(gradient.detach(), seeds) : at::zeros_like(inputs[i].detach());
    }
}

}  // namespace headroom::run
