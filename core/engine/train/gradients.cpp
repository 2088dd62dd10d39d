// SPDX-License-Identifier: Apache-2.0
#include "engine/train/gradients.h"

#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

namespace headroom::train {

at::Tensor globalNorm(const std::vector<at::Tensor>& gradients) {
    return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
}

void clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double limit) {
    const at::Tensor factor = norm.add(1e-6).reciprocal_().mul_(limit).clamp_max_(1.0);
    at::_foreach_mul_(gradients, factor);
}

}  // namespace headroom::train
