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
    /// Begins with a copy of `values`, which are borrowed: the same tensors are read at every update.
    Ema(std::vector<at::Tensor> values, double decay);

    void update();
    /// In the order of the values.
    const std::vector<at::Tensor>& averages() const { return m_averages; }
    std::int64_t updates() const { return m_updates; }
    void setUpdates(std::int64_t updates) { m_updates = updates; }

private:
    std::vector<at::Tensor> m_values, m_averages;
    double m_decay;
    std::int64_t m_updates = 0;
};

}  // namespace headroom::train
