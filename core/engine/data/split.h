// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace headroom::data {

/// Numbers of the samples of each part, rising.
struct Split {
    std::vector<std::int64_t> training, validation;
};

/// Holds out `share` of the samples of every class, by a hash of (seed, sample number): a function of its arguments.
/// A class keeps at least one sample for training. Without `labels` all samples are one class.
Split holdOut(std::int64_t samples, std::span<const std::int32_t> labels, double share, std::uint64_t seed);

/// The first `limit` training samples in file order; 0 = all.
void limitTraining(Split& split, std::int64_t limit);

/// first, first + 1, ... end - 1.
std::vector<std::int64_t> numbersFrom(std::int64_t first, std::int64_t end);
/// 0, 1, ... count - 1.
std::vector<std::int64_t> allOf(std::int64_t count);

}  // namespace headroom::data
