// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace headroom::data {

/// A permutation of [0, size) as a function of (seed, epoch): any position is computed on its own, nothing is stored.
/// A Feistel network over the next power of four, walked until the result lies inside (Black, Rogaway: Ciphers with
/// arbitrary finite domains, 2002).
class Permutation {
public:
    Permutation(std::uint64_t seed, std::int64_t epoch, std::int64_t size);
    std::int64_t operator()(std::int64_t position) const;

private:
    static constexpr int kRounds = 8;
    std::uint64_t encrypted(std::uint64_t block) const;
    std::array<std::uint64_t, kRounds> m_keys{};
    std::uint64_t m_size;
    int m_halfBits = 1;
};

/// A piece of an epoch: `count` consecutive positions of its order, belonging to one optimizer step.
struct Share {
    std::int64_t epoch = 0;
    std::int64_t stepInEpoch = 0;
    std::int64_t first = 0;      ///< position within the step's effective batch
    std::int64_t count = 0;
    std::int64_t effective = 0;  ///< samples of the whole step, over all ranks and micro-batches
    std::int64_t micro = 0, micros = 1;
    bool endsStep() const { return micro + 1 == micros; }
};

struct SamplerOptions {
    std::int64_t size = 0;   ///< samples of the part
    std::int64_t batch = 1;  ///< effective batch over all ranks
    std::int64_t microBatch = 0;  ///< most samples of one share; 0 = a rank's whole part of the batch
    std::uint64_t seed = 0;
    int rank = 0, world = 1;
    bool shuffle = true;
};

/// Order and division of the samples: f(seed, epoch, rank, world). Every sample comes once an epoch; the last batch may
/// be smaller, but a lone last sample joins the batch before it (a batch norm of one sample has no variance).
class Sampler {
public:
    explicit Sampler(SamplerOptions options);

    const SamplerOptions& options() const { return m_options; }
    std::int64_t stepsPerEpoch() const { return m_steps; }
    /// Samples of a step over all ranks.
    std::int64_t effectiveBatch(std::int64_t stepInEpoch) const;
    /// This rank's shares of a step: as few as the micro-batch allows, equal within one sample.
    std::vector<Share> shares(std::int64_t epoch, std::int64_t stepInEpoch) const;
    /// Sample numbers of a share.
    std::vector<std::int64_t> samples(const Share& share) const;

private:
    SamplerOptions m_options;
    std::int64_t m_steps = 0;
};

}  // namespace headroom::data
