// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer_moment.h"

#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <vector>

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

OptimizerMoment::OptimizerMoment(const at::Tensor& parameter, StateFormat wanted, run::simd::Levels kind, std::uint64_t key,
                                 tensor::OutsideMemory* outside)
    : m_format(plan::formatOf(wanted, parameter.numel())), m_kind(kind), m_key(key),
      m_outside(plan::outsideBytes(wanted, parameter.numel()) > 0 ? outside : nullptr) {
    const tensor::MemoryScope scope(plan::Kind::Optimizer);
    const at::ScalarType type = scalarType(m_format);
    m_numbers = m_outside ? m_outside->zerosLike(parameter, type) : at::zeros_like(parameter, parameter.options().dtype(type));
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
    // Rounded to the nearest, a mean of squares that changes by a thousandth would stand still.
    const run::simd::Draw draw{static_cast<std::uint64_t>(first), step, m_key};
    switch (m_format) {
        case StateFormat::Fp32: break;  // they are the state
        case StateFormat::Bf16: loops.roundStochastically(numbers, elements<BFloat>(m_numbers) + first, count, draw); break;
        case StateFormat::EightBit:
            elements<float>(m_scales)[block] = loops.encode(numbers, elements<std::uint8_t>(m_numbers) + first, count, m_kind, draw);
    }
}

void inPieces(std::span<const OptimizerMoment> moments, std::int64_t elements, const std::function<void(std::int64_t, std::int64_t)>& body) {
    std::vector<const OptimizerMoment*> outside;
    for (const OptimizerMoment& each : moments)
        if (each.outside()) outside.push_back(&each);
    if (outside.empty()) return body(0, elements);
    const auto expect = [&](std::int64_t first) {
        if (first >= elements) return;
        for (const OptimizerMoment* each : outside) each->outside()->expect(each->numbers(), first, std::min(kPieceOutside, elements - first));
    };
    expect(0);
    for (std::int64_t first = 0; first < elements; first += kPieceOutside) {
        const std::int64_t count = std::min(kPieceOutside, elements - first);
        expect(first + kPieceOutside);
        body(first, count);
        for (const OptimizerMoment* each : outside) each->outside()->letGo(each->numbers(), first, count);
    }
}

}  // namespace headroom::train
