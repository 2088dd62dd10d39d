// SPDX-License-Identifier: Apache-2.0
#include "engine/train/micro_batch.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "base/config/document.h"
#include "base/errors/error.h"

namespace headroom::train {
namespace {

Bytes peakOf(const graph::Graph& graph, plan::StepOptions& step, std::int64_t effectiveBatch, std::int64_t parts) {
    step.microBatches = parts;
    step.extents["batch"] = (effectiveBatch + parts - 1) / parts;
    return plan::plan(graph, step).peak;
}

plan::OptimizerState optimizerState(const config::RunConfig::Optimizer& options) {
    if (options.name == "adamw") return plan::OptimizerState::TwoMoments;
    return options.momentum != 0 ? plan::OptimizerState::OneMoment : plan::OptimizerState::None;
}

}  // namespace

plan::StepOptions stepOptions(const config::RunConfig& config, const models::DataShape& shape) {
    plan::StepOptions step;
    step.precision = config.train.precision == "bf16" ? plan::Precision::Bf16 : plan::Precision::Fp32;
    step.extents = {{"sequence", shape.context}};
    step.optimizer = optimizerState(config.train.optimizer);
    step.ema = config.train.ema > 0;
    step.batchesAhead = config.loader.threads > 0 ? config.loader.prefetch : 0;
    return step;
}

std::int64_t microBatchFor(const config::RunConfig& config, const graph::Graph& graph, const models::DataShape& shape,
                           graph::DeviceKind device) {
    if (config.train.microBatch > 0) return config.train.microBatch;
    const std::optional<Bytes> given = config::memoryBudget(config);
    if (!given && device == graph::DeviceKind::Cuda) return config.train.batchSize;
    plan::StepOptions step = stepOptions(config, shape);
    step.device = device;
    return largestMicroBatch(graph, step, config.train.batchSize, given.value_or(automaticBudget()));
}

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
