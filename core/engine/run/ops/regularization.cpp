// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/regularization.h"

#include <ATen/ops/empty.h>

#include <cmath>

#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): its mixing function.
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/// FNV-1a: the node is known by its name, so that a rewrite elsewhere in the graph changes no mask.
std::uint64_t hashOf(const std::string& name) {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash;
}

std::uint64_t keyOf(const KernelContext& context) {
    const std::uint64_t step = mixed(static_cast<std::uint64_t>(context.identity.step) ^ mixed(context.identity.seed));
    return mixed(step ^ hashOf(context.node.name));
}

/// x with the node's mask laid over it; the same for the gradient in the backward. Dimension 0 is the sample.
at::Tensor dropped(const KernelContext& context, const at::Tensor& given) {
    const double ratio = context.node.real("ratio", 0.5);
    const at::Tensor x = tensor::inLayout(given);
    const at::Tensor y = emptyLike(x);
    const std::int64_t samples = x.size(0), count = samples ? x.numel() / samples : 0;
    const auto threshold = static_cast<std::uint32_t>(std::min(std::floor(ratio * 4294967296.0), 4294967295.0));
    const std::uint64_t key = keyOf(context);
    const auto& identity = context.identity.samples;
    withElement(x, [&]<class T>() {
        parallel(samples, 1 + 8192 / std::max<std::int64_t>(1, count), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t s = begin; s < end; ++s) {
                const auto at = static_cast<std::size_t>(s);
                const auto sample = static_cast<std::uint64_t>(at < identity.size() ? identity[at] : s);
                simd::table<T>().dropout(elements<T>(x) + s * count, elements<T>(y) + s * count, count, 0, sample, key,
                                         threshold, static_cast<float>(1 / (1 - ratio)));
            }
        });
    });
    return y;
}

/// On another device the mask is made by the same function on the CPU, so that both draw the same samples.
at::Tensor masked(const KernelContext& context, const at::Tensor& x) {
    if (hasOwnLoops(x)) return dropped(context, x);
    at::Tensor ones = tensor::emptyInLayout(x.sizes(), at::kFloat, at::kCPU);
    return x * dropped(context, ones.fill_(1)).to(x.options());
}

void forward(KernelContext& context) {
    context.outputs[0] = context.training ? masked(context, context.inputs[0]) : context.inputs[0];
}
void backward(KernelContext& context) { context.inputGradients[0] = masked(context, context.outputGradients[0]); }

}  // namespace

const Kernel kDropoutKernel{&graph::kDropout, forward, backward};

}  // namespace headroom::run
