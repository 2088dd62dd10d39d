// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace headroom::cuda {
namespace {

struct Counter {
    std::uint32_t word[4];
};

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
__device__ Counter philox(Counter c, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const std::uint32_t high0 = __umulhi(0xD2511F53u, c.word[0]), low0 = 0xD2511F53u * c.word[0];
        const std::uint32_t high1 = __umulhi(0xCD9E8D57u, c.word[2]), low1 = 0xCD9E8D57u * c.word[2];
        c = {{high1 ^ c.word[1] ^ key0, low1, high0 ^ c.word[3] ^ key1, low0}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c;
}

/// Element e of a sample takes word (e % 64) / 16 of counter 16 * (e / 64) + e % 16.
__device__ std::uint32_t bitsOf(std::uint64_t element, std::uint64_t sample, std::uint64_t key) {
    const std::uint64_t counter = element / 64 * 16 + element % 16;
    const Counter made = philox({{std::uint32_t(counter), std::uint32_t(counter >> 32), std::uint32_t(sample),
                                  std::uint32_t(sample >> 32)}},
                                std::uint32_t(key), std::uint32_t(key >> 32));
    return made.word[element % 64 / 16];
}

}  // namespace
}  // namespace headroom::cuda
