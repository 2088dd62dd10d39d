// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/regularization.h"

#include <ATen/ops/empty.h>

#include <cmath>

#include "engine/run/device.h"
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

/// What decides the mask besides the place of an element.
struct MaskRule {
    std::uint64_t key;
    std::uint32_t threshold;
    float factor;
};

MaskRule ruleOf(const KernelContext& context) {
    const double ratio = context.node.real("ratio", 0.5);
    const double threshold = std::min(std::floor(ratio * 4294967296.0), 4294967295.0);
    return {keyOf(context), static_cast<std::uint32_t>(threshold), static_cast<float>(1 / (1 - ratio))};
}

/// Identity of sample `s` of the micro-batch.
std::int64_t sampleOf(const KernelContext& context, std::int64_t s) {
    const auto at = static_cast<std::size_t>(s);
    return at < context.identity.samples.size() ? context.identity.samples[at] : s;
}

at::Tensor droppedOnCpu(const KernelContext& context, const at::Tensor& x) {
    const at::Tensor y = emptyLike(x);
    const std::int64_t samples = x.size(0), count = samples ? x.numel() / samples : 0;
    const MaskRule rule = ruleOf(context);
    withElement(x, [&]<class T>() {
        parallel(samples, 1 + 8192 / std::max<std::int64_t>(1, count), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t s = begin; s < end; ++s)
                simd::table<T>().dropout(elements<T>(x) + s * count, elements<T>(y) + s * count, count, 0,
                                         static_cast<std::uint64_t>(sampleOf(context, s)), rule.key, rule.threshold,
                                         rule.factor);
        });
    });
    return y;
}

at::Tensor droppedOnDevice(const KernelContext& context, const at::Tensor& x) {
    const at::Tensor y = emptyLike(x);
    const at::Tensor samples = at::empty({x.size(0)}, at::kLong);
    for (std::int64_t s = 0; s < x.size(0); ++s) elements<std::int64_t>(samples)[s] = sampleOf(context, s);
    const MaskRule rule = ruleOf(context);
    deviceDropout(x, y, samples, rule.key, rule.threshold, rule.factor);
    return y;
}

/// x with the node's mask laid over it; the same for the gradient in the backward. Dimension 0 is the sample.
at::Tensor masked(const KernelContext& context, const at::Tensor& given) {
    const at::Tensor x = tensor::inLayout(given);
    if (hasOwnLoops(x)) return droppedOnCpu(context, x);
    if (x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16)) return droppedOnDevice(context, x);
    at::Tensor ones = tensor::emptyInLayout(x.sizes(), at::kFloat, at::kCPU);
    return x * droppedOnCpu(context, ones.fill_(1)).to(x.options());
}

void forward(KernelContext& context) {
    context.outputs[0] = context.training ? masked(context, context.inputs[0]) : context.inputs[0];
}
void backward(KernelContext& context) { context.inputGradients[0] = masked(context, context.outputGradients[0]); }

}  // namespace

const Kernel kDropoutKernel{&graph::kDropout, forward, backward};

}  // namespace headroom::run
