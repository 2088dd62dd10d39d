// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

namespace headroom::formats {

/// Of the bytes of one channel. Whole numbers: the order in which pictures are added changes nothing.
struct PixelSums {
    std::uint64_t sum = 0, squares = 0;

    /// `count` bytes, `stride` apart.
    void add(const std::uint8_t* bytes, std::size_t count, std::size_t stride);
    void add(const PixelSums& other) { sum += other.sum, squares += other.squares; }
};

}  // namespace headroom::formats
