// SPDX-License-Identifier: Apache-2.0
#include "engine/train/gradients.h"

#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <algorithm>

#include "engine/run/ops/support.h"

namespace headroom::train {
namespace {

constexpr std::int64_t kNumbersAThread = 32768;

void scale(const at::Tensor& gradient, float factor) {
    run::withElement(gradient, [&]<class T>() {
        run::parallel(gradient.numel(), kNumbersAThread, [&](std::int64_t begin, std::int64_t end) {
            run::simd::table<T>().scale(run::elements<T>(gradient) + begin, end - begin, factor);
        });
    });
}

bool hasOwnLoop(const at::Tensor& gradient) { return run::hasOwnLoops(gradient) && gradient.is_non_overlapping_and_dense(); }

}  // namespace

at::Tensor globalNorm(const std::vector<at::Tensor>& gradients) {
    return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2, at::kFloat)));
}

void clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double limit) {
    const at::Tensor factor = norm.add(1e-6).reciprocal_().mul_(limit).clamp_max_(1.0);
    if (!std::ranges::all_of(gradients, hasOwnLoop)) return at::_foreach_mul_(gradients, factor);
    const float number = factor.item<float>();
    if (number != 1)
        for (const at::Tensor& gradient : gradients) scale(gradient, number);
}

std::vector<at::Tensor> laidOutAs(const std::vector<at::Tensor>& gradients, const std::vector<at::Tensor>& values) {
    std::vector<at::Tensor> laidOut = gradients;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (laidOut[i].strides() == values[i].strides()) continue;
        laidOut[i] = at::empty_like(values[i], gradients[i].options());
        laidOut[i].copy_(gradients[i]);
    }
    return laidOut;
}

}  // namespace headroom::train
