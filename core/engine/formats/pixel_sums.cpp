// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/pixel_sums.h"

#include <algorithm>

// One binary for every x86-64: the loop below is compiled for three generations and chosen at start.
#if defined(__x86_64__) && !defined(__clang__)
#define HEADROOM_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HEADROOM_VECTOR_CLONES
#endif

namespace headroom::formats {
namespace {

/// Sums in 32 bits: 255 * 255 * 65,536 still fits.
HEADROOM_VECTOR_CLONES
void sumBlock(const std::uint8_t* in, std::size_t count, std::size_t stride, std::uint64_t& sum, std::uint64_t& squares) {
    std::uint32_t blockSum = 0, blockSquares = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t value = in[i * stride];
        blockSum += value;
        blockSquares += value * value;
    }
    sum += blockSum;
    squares += blockSquares;
}

constexpr std::size_t kBlock = 65536;

}  // namespace

void PixelSums::add(const std::uint8_t* bytes, std::size_t count, std::size_t stride) {
    for (std::size_t at = 0; at < count; at += kBlock) sumBlock(bytes + at * stride, std::min(kBlock, count - at), stride, sum, squares);
}

}  // namespace headroom::formats
