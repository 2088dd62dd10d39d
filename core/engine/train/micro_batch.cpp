// SPDX-License-Identifier: Apache-2.0
#include "engine/train/micro_batch.h"

#include <fmt/format.h>

#include <charconv>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors/error.h"

namespace headroom::train {
namespace {

Bytes peakOf(const graph::Graph& graph, plan::StepOptions& step, std::int64_t effectiveBatch, std::int64_t parts) {
    step.microBatches = parts;
    step.extents["batch"] = (effectiveBatch + parts - 1) / parts;
    return plan::plan(graph, step).peak;
}

}  // namespace

std::int64_t largestMicroBatch(const graph::Graph& graph, plan::StepOptions step, std::int64_t effectiveBatch, Bytes budget) {
    const Bytes least = peakOf(graph, step, effectiveBatch, effectiveBatch);
    if (least > budget)
        throw Error(Failure{Code::Mem02, "memory", "even single samples exceed the memory budget",
                            readableBytes(least), readableBytes(budget) + " allowed",
                            "Raise memory.budget, choose a smaller model, or train in bf16."});
    // The peak falls with the number of parts, up to rounding: the first number that fits, by doubling and bisection.
    std::int64_t tooFew = 0, enough = 1;
    while (enough < effectiveBatch && peakOf(graph, step, effectiveBatch, enough) > budget) {
        tooFew = enough;
        enough = std::min(2 * enough, effectiveBatch);
    }
    while (enough - tooFew > 1) {
        const std::int64_t middle = tooFew + (enough - tooFew) / 2;
        (peakOf(graph, step, effectiveBatch, middle) > budget ? tooFew : enough) = middle;
    }
    return (effectiveBatch + enough - 1) / enough;
}

Bytes automaticBudget() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    for (Bytes value = 0; file >> key >> value; file.ignore(16, '\n'))
        if (key == "MemAvailable:") return value * kKiB / 10 * 9;
    return std::numeric_limits<Bytes>::max();
}

Bytes parseBudget(const std::string& text) {
    if (text.empty()) return 0;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    constexpr std::pair<std::string_view, Bytes> kUnits[] = {{"", 1}, {"B", 1}, {"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}};
    for (const auto& [name, factor] : kUnits)
        if (error == std::errc{} && unit == name && number > 0 && number * static_cast<double>(factor) < 9e18)
            return std::llround(number * static_cast<double>(factor));
    throw Error(Failure{Code::Cfg04, "memory.budget", "not an amount of memory", text, "a number with B, KiB, MiB or GiB", {}});
}

}  // namespace headroom::train
