// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace headroom::data {

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
constexpr std::uint64_t mixed(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

/// What a random draw is for, so that two uses of the same seed and counters differ.
enum class Stream : std::uint64_t { Shuffle = 1, Augment = 2, Holdout = 3, Window = 4, Rounding = 5, Sampling = 6 };

/// A random number as a function of its arguments: no state, hence the same for any number of threads and after a
/// resume.
template <typename... Counters>
constexpr std::uint64_t draw(std::uint64_t seed, Stream stream, Counters... counters) {
    std::uint64_t hash = mixed(seed ^ mixed(static_cast<std::uint64_t>(stream)));
    ((hash = mixed(hash ^ static_cast<std::uint64_t>(counters))), ...);
    return hash;
}

/// `random` brought into [0, bound) by multiplication (Lemire: Fast random integer generation, 2019); bound below 2^32.
constexpr std::int64_t below(std::uint64_t random, std::int64_t bound) {
    return static_cast<std::int64_t>((random >> 32) * static_cast<std::uint64_t>(bound) >> 32);
}

}  // namespace headroom::data
