// SPDX-License-Identifier: Apache-2.0
#include "engine/run/segment.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>

namespace headroom::run {

void backwardByAutograd(const Kernel& kernel, KernelContext& context) {
    const c10::impl::IncludeDispatchKeyGuard include(c10::autograd_dispatch_keyset_with_ADInplaceOrView);
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
    const auto gradients = torch::autograd::grad(roots, wanted, seeds);
    for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
        if (context.wantsGradient[i]) context.inputGradients[i] = gradients[next++];
}

}  // namespace headroom::run
