// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer_moment.h"

#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "engine/run/ops/support.h"
#include "engine/tensor/memory.h"

namespace headroom::train {

using plan::StateFormat;
using run::elements;
using run::simd::BFloat;

namespace {

at::ScalarType scalarType(StateFormat format) {
    switch (format) {
        case StateFormat::Bf16: return at::kBFloat16;
        case StateFormat::EightBit: return at::kByte;
        case StateFormat::Fp32: break;
    }
    return at::kFloat;
}

}  // namespace

OptimizerMoment::OptimizerMoment(const at::Tensor& parameter, StateFormat wanted, run::simd::Levels kind, std::uint64_t key)
    : m_format(plan::formatOf(wanted, parameter.numel())), m_kind(kind), m_key(key) {
    const tensor::MemoryScope scope(plan::Kind::Optimizer);
    m_numbers = at::zeros_like(parameter, parameter.options().dtype(scalarType(m_format)));
    if (m_format == StateFormat::EightBit)
        m_scales = at::zeros({plan::stateBlocks(parameter.numel())}, parameter.options().dtype(at::kFloat));
}

float* OptimizerMoment::open(std::int64_t block, std::int64_t count, float* scratch) const {
    const std::int64_t first = block * plan::kStateBlock;
    const run::simd::Tables& loops = run::simd::tables();
    switch (m_format) {
        case StateFormat::Fp32: return elements<float>(m_numbers) + first;
        case StateFormat::Bf16: loops.bf16.widen(elements<BFloat>(m_numbers) + first, count, scratch, 1, count); break;
        case StateFormat::EightBit:
            loops.update.decode(elements<std::uint8_t>(m_numbers) + first, elements<float>(m_scales)[block], scratch, count, m_kind);
    }
    return scratch;
}

void OptimizerMoment::close(std::int64_t block, std::int64_t count, const float* numbers, std::uint64_t step) const {
    const std::int64_t first = block * plan::kStateBlock;
    const run::simd::UpdateLoops& loops = run::simd::tables().update;
    switch (m_format) {
        case StateFormat::Fp32: break;  // they are the state
        // Rounded to the nearest, a mean of squares that changes by a thousandth would stand still: bf16 has 8 bits.
        case StateFormat::Bf16:
            loops.roundStochastically(numbers, elements<BFloat>(m_numbers) + first, count, static_cast<std::uint64_t>(first), step, m_key);
            break;
        case StateFormat::EightBit:
            elements<float>(m_scales)[block] = loops.encode(numbers, elements<std::uint8_t>(m_numbers) + first, count, m_kind);
    }
}

}  // namespace headroom::train
