// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace headroom::train {

/// Exponential moving average of weights and buffers: average += (1 - d) * (value - average), with d rising as
/// min(decay, (1 + n) / (10 + n)) over the first updates, so that the random start fades.
class Ema {
public:
    /// Begins with copies. The tensors given are read at every update. Buffers (statistics of norms) are averaged like
    /// the weights, so that both belong together.
    Ema(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& buffers, double decay);

    void update();
    /// Of the weights, then of the buffers.
    const std::vector<at::Tensor>& averages() const { return m_averages; }
    std::int64_t updates() const { return m_updates; }
    void setUpdates(std::int64_t updates) { m_updates = updates; }

private:
    std::vector<at::Tensor> m_values, m_averages;
    double m_decay;
    std::int64_t m_updates = 0;
};

}  // namespace headroom::train
