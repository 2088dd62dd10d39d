// SPDX-License-Identifier: Apache-2.0
#include "engine/train/ema.h"

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/clone.h>

#include <algorithm>
#include <utility>

#include "engine/tensor/memory.h"

namespace headroom::train {

Ema::Ema(std::vector<at::Tensor> values, double decay) : m_values(std::move(values)), m_decay(decay) {
    const tensor::MemoryScope scope(plan::Kind::Ema);
    for (const at::Tensor& value : m_values) m_averages.push_back(value.clone());
}

void Ema::update() {
    const auto count = static_cast<double>(m_updates++);
    const double decay = std::min(m_decay, (1 + count) / (10 + count));
    at::_foreach_lerp_(m_averages, m_values, 1 - decay);
}

}  // namespace headroom::train
