// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/config/document.h"

namespace headroom::config {

std::optional<Bytes> bytesFromText(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, Bytes>, 6> kUnits{
        {{"", 1}, {"B", 1}, {"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}, {"TiB", 1024 * kGiB}}};
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) { return known.first == text; });
    if (unit == kUnits.end()) return std::nullopt;
    const double bytes = number * static_cast<double>(unit->second);
    constexpr double kMost = 1e15;
    if (!(bytes >= 1 && bytes <= kMost)) return std::nullopt;
    return static_cast<Bytes>(std::llround(bytes));
}

std::optional<Bytes> memoryBudget(const RunConfig& config) { return bytesFromText(config.memory.budget); }

std::int64_t stepsPerEpoch(std::int64_t samples, std::int64_t batchSize) {
    const std::int64_t steps = (samples + batchSize - 1) / batchSize;
    return steps > 1 && batchSize > 1 && samples % batchSize == 1 ? steps - 1 : steps;
}

std::int64_t totalSteps(const RunConfig& config, std::int64_t stepsPerEpoch) {
    const std::int64_t whole = config.train.epochs * stepsPerEpoch;
    return config.train.maxSteps > 0 ? std::min(config.train.maxSteps, whole) : whole;
}

}  // namespace headroom::config
