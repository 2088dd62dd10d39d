// SPDX-License-Identifier: Apache-2.0
#include "engine/train/micro_batch.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

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

}  // namespace headroom::train
