// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "base/plan/optimizer_state.h"
#include "engine/run/simd/simd.h"

namespace headroom::train {

/// What an optimizer remembers of one parameter: a number of every element, laid out as the parameter is, zeros at first.
/// Updates read and write it by blocks of plan::kStateBlock elements that lie side by side, as fp32.
class OptimizerMoment {
public:
    /// `kind` is the sign that the numbers may have. `key` is the source of its random roundings.
    OptimizerMoment(const at::Tensor& parameter, plan::StateFormat wanted, run::simd::Levels kind, std::uint64_t key);

    /// The `count` numbers of a block: the state itself where it is fp32, else decoded into `scratch`.
    float* open(std::int64_t block, std::int64_t count, float* scratch) const;
    /// Takes over what became of them, at the update `step`.
    void close(std::int64_t block, std::int64_t count, const float* numbers, std::uint64_t step) const;

    plan::StateFormat format() const { return m_format; }
    run::simd::Levels kind() const { return m_kind; }
    std::uint64_t key() const { return m_key; }
    /// fp32, bf16, or codes.
    const at::Tensor& numbers() const { return m_numbers; }
    /// Of 8 bits only: largest magnitude of every block, fp32 [blocks].
    const at::Tensor& scales() const { return m_scales; }

private:
    plan::StateFormat m_format;
    run::simd::Levels m_kind;
    std::uint64_t m_key;
    at::Tensor m_numbers, m_scales;
};

}  // namespace headroom::train
