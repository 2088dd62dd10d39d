// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>

namespace headroom {

/// The least of the values that `percent` of them (1 to 100) do not exceed: nearest rank, no interpolation, so that of few values a
/// high percentile is the largest. `sorted` rises and is not empty.
inline double percentile(std::span<const double> sorted, std::size_t percent) {
    return sorted[(percent * sorted.size() + 99) / 100 - 1];
}

}  // namespace headroom
