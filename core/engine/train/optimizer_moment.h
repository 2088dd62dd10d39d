// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>

#include "base/plan/optimizer_state.h"
#include "engine/run/simd/simd.h"
#include "engine/tensor/outside_memory.h"

namespace headroom::train {

/// Elements of a parameter whose state is in memory at once where it lies outside: a megabyte of AdamW's in fp32. A multiple of
/// what any kernel computes in one go, so that parts give the bits of the whole.
constexpr std::int64_t kPieceOutside = 1 << 17;

/// What an optimizer remembers of one parameter: a number of every element, laid out as the parameter is, zeros at first.
/// Updates read and write it by blocks of plan::kStateBlock elements that lie side by side, as fp32.
class OptimizerMoment {
public:
    /// `kind` is the sign that the numbers may have. `key` is the source of its random roundings. `outside`: where large ones
    /// lie; nullptr: in memory.
    OptimizerMoment(const at::Tensor& parameter, plan::StateFormat wanted, run::simd::Levels kind, std::uint64_t key,
                    tensor::OutsideMemory* outside);

    /// The `count` numbers of a block: the state itself where it is fp32, else decoded into `scratch`.
    float* open(std::int64_t block, std::int64_t count, float* scratch) const;
    /// Takes over what became of them, at the update `step`.
    void close(std::int64_t block, std::int64_t count, const float* numbers, std::uint64_t step) const;

    /// Where the numbers lie; nullptr: in memory.
    tensor::OutsideMemory* outside() const { return m_outside; }
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
    tensor::OutsideMemory* m_outside;
    at::Tensor m_numbers, m_scales;
};

/// body(first, count) over all `elements` of a parameter, in the order of memory. Where moments of it lie outside of memory this
/// goes piece by piece: one is there while it is used, the next one is on its way.
void inPieces(std::span<const OptimizerMoment> moments, std::int64_t elements, const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace headroom::train
