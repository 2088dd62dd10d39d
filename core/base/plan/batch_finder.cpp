// SPDX-License-Identifier: Apache-2.0
#include "base/plan/batch_finder.h"

#include <algorithm>

#include "base/plan/process_peak.h"
#include "base/plan/training_step.h"

namespace headroom::plan {
namespace {

constexpr std::size_t kMostSizes = 5;
constexpr double kAsFast = 0.98;  // steps of one size differ by about as much

}  // namespace

std::vector<std::int64_t> sizesToMeasure(const graph::Graph& graph, StepOptions step, std::int64_t effectiveBatch,
                                         std::optional<Bytes> budget) {
    if (budget) step.budget = *budget;
    const auto fits = [&](std::int64_t size) {
        divide(step, effectiveBatch, size);
        return !budget || plan::fits(graph, plan(graph, step), step.device, *budget);
    };
    std::vector<std::int64_t> sizes;
    std::int64_t most = effectiveBatch;
    for (std::int64_t size = effectiveBatch; size > 0 && sizes.size() < kMostSizes; --size) {
        if (size > most || effectiveBatch % size != 0 || (sizes.empty() && !fits(size))) continue;
        sizes.push_back(size);
        most = size / 2;
    }
    return sizes;
}

std::vector<MeasuredSize> measuredSizes(const nlohmann::json& array) {
    std::vector<MeasuredSize> sizes;
    for (const nlohmann::json& each : array) {
        const nlohmann::json seconds = each.value("step_s", nlohmann::json());
        if (!seconds.is_array() || seconds.size() != 3) continue;
        sizes.push_back({each.value("micro_batch", std::int64_t{0}), {seconds[0], seconds[1], seconds[2]},
                         each.value("samples_per_s", 0.0), each.value("peak_bytes", Bytes{0})});
    }
    return sizes;
}

std::optional<MeasuredSize> fastest(const std::vector<MeasuredSize>& sizes) {
    if (sizes.empty()) return std::nullopt;
    const double most = std::ranges::max(sizes, {}, &MeasuredSize::samplesPerSecond).samplesPerSecond;
    std::vector<MeasuredSize> fast;
    std::ranges::copy_if(sizes, std::back_inserter(fast), [&](const MeasuredSize& each) { return each.samplesPerSecond >= kAsFast * most; });
    return std::ranges::min(fast, {}, &MeasuredSize::peak);
}

}  // namespace headroom::plan
