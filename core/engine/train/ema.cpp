// SPDX-License-Identifier: Apache-2.0
#include "engine/train/ema.h"

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/clone.h>

#include <algorithm>

#include "engine/tensor/memory.h"

namespace headroom::train {

Ema::Ema(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& buffers, double decay)
    : m_values(weights), m_decay(decay) {
    {
        const tensor::MemoryScope scope(plan::Kind::Ema);
        for (const at::Tensor& weight : weights) m_averages.push_back(weight.clone());
    }
    for (const at::Tensor& buffer : buffers) {
        m_values.push_back(buffer);
        m_averages.push_back(buffer.clone());
    }
}

void Ema::update() {
    const auto count = static_cast<double>(m_updates++);
    const double decay = std::min(m_decay, (1 + count) / (10 + count));
    at::_foreach_lerp_(m_averages, m_values, 1 - decay);
}

}  // namespace headroom::train
