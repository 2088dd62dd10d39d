// SPDX-License-Identifier: Apache-2.0
#include "engine/data/sampler.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "base/config/document.h"
#include "engine/data/random.h"

namespace headroom::data {

Permutation::Permutation(std::uint64_t seed, std::int64_t epoch, std::int64_t size)
    : m_size(static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1))) {
    const int bits = std::bit_width(m_size - 1);
    m_halfBits = std::max(1, (bits + 1) / 2);
    for (int round = 0; round < kRounds; ++round)
        m_keys[static_cast<std::size_t>(round)] = draw(seed, Stream::Shuffle, epoch, round);
}

std::uint64_t Permutation::encrypted(std::uint64_t block) const {
    const std::uint64_t mask = (std::uint64_t{1} << m_halfBits) - 1;
    std::uint64_t left = block >> m_halfBits;
    std::uint64_t right = block & mask;
    for (const std::uint64_t key : m_keys) {
        const std::uint64_t next = left ^ (mixed(right ^ key) & mask);
        left = right;
        right = next;
    }
    return left << m_halfBits | right;
}

std::int64_t Permutation::operator()(std::int64_t position) const {
    assert(position >= 0 && static_cast<std::uint64_t>(position) < m_size);
    auto block = static_cast<std::uint64_t>(position);
    do block = encrypted(block);
    while (block >= m_size);
    return static_cast<std::int64_t>(block);
}

Sampler::Sampler(SamplerOptions options) : m_options(options) {
    assert(options.size > 0 && options.batch > 0 && options.world > 0 && options.rank < options.world);
    m_steps = config::stepsPerEpoch(options.size, options.batch);
}

std::int64_t Sampler::effectiveBatch(std::int64_t stepInEpoch) const {
    if (stepInEpoch + 1 < m_steps) return m_options.batch;
    return m_options.size - (m_steps - 1) * m_options.batch;
}

std::vector<Share> Sampler::shares(std::int64_t epoch, std::int64_t stepInEpoch) const {
    const std::int64_t effective = effectiveBatch(stepInEpoch);
    const std::int64_t begin = effective * m_options.rank / m_options.world;
    const std::int64_t end = effective * (m_options.rank + 1) / m_options.world;
    const std::int64_t own = end - begin;
    const std::int64_t most = m_options.microBatch > 0 ? m_options.microBatch : std::max<std::int64_t>(own, 1);
    const std::int64_t micros = (own + most - 1) / most;
    std::vector<Share> shares;
    for (std::int64_t micro = 0; micro < micros; ++micro) {
        const std::int64_t from = begin + own * micro / micros;
        const std::int64_t to = begin + own * (micro + 1) / micros;
        shares.push_back({epoch, stepInEpoch, from, to - from, effective, micro, micros});
    }
    return shares;
}

std::vector<std::int64_t> Sampler::samples(const Share& share) const {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(share.count));
    const std::int64_t base = share.stepInEpoch * m_options.batch + share.first;
    const Permutation order(m_options.seed, share.epoch, m_options.size);
    for (std::int64_t i = 0; i < share.count; ++i)
        numbers[static_cast<std::size_t>(i)] = m_options.shuffle ? order(base + i) : base + i;
    return numbers;
}

}  // namespace headroom::data
