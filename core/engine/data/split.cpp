// SPDX-License-Identifier: Apache-2.0
#include "engine/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/data/random.h"

namespace headroom::data {

Split holdOut(std::int64_t samples, std::span<const std::int32_t> labels, double share, std::uint64_t seed) {
    std::map<std::int32_t, std::vector<std::int64_t>> byClass;
    for (std::int64_t i = 0; i < samples; ++i)
        byClass[labels.empty() ? 0 : labels[static_cast<std::size_t>(i)]].push_back(i);
    Split split;
    for (auto& [label, members] : byClass) {
        const auto rank = [seed](std::int64_t sample) { return draw(seed, Stream::Holdout, sample); };
        std::ranges::sort(members, [&](auto a, auto b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
        const auto size = static_cast<std::int64_t>(members.size());
        const std::int64_t held = std::min(std::llround(share * static_cast<double>(size)), static_cast<long long>(size - 1));
        split.validation.insert(split.validation.end(), members.begin(), members.begin() + held);
        split.training.insert(split.training.end(), members.begin() + held, members.end());
    }
    std::ranges::sort(split.training);
    std::ranges::sort(split.validation);
    return split;
}

void limitTraining(Split& split, std::int64_t limit) {
    if (limit > 0 && limit < static_cast<std::int64_t>(split.training.size()))
        split.training.resize(static_cast<std::size_t>(limit));
}

std::vector<std::int64_t> numbersFrom(std::int64_t first, std::int64_t end) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(end - first));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

std::vector<std::int64_t> allOf(std::int64_t count) { return numbersFrom(0, count); }

}  // namespace headroom::data
