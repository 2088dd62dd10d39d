// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/step_memory.h"

#include <algorithm>
#include <limits>

#include "base/config/document.h"
#include "base/plan/moment.h"

namespace headroom::ui {

StepMemory stepMemory(const config::RunConfig& config, const plan::ConfiguredStep& configured, std::optional<Bytes> budget, Bytes features) {
    StepMemory memory;
    const Bytes limit = budget ? std::max<Bytes>(*budget - features, 1) : std::numeric_limits<Bytes>::max();
    const qint64 batch = config.train.batchSize;
    memory.parameters = configured.parameterCount();
    memory.microBatch = config.train.microBatch > 0 ? config.train.microBatch : configured.largestMicroBatch(batch, limit).value_or(1);
    memory.parts = configured.options(batch, memory.microBatch).microBatches;
    memory.planned = std::make_shared<PlannedStep>(PlannedStep{configured, configured.plan(batch, memory.microBatch)});
    const plan::StepPlan& step = memory.planned->step;
    memory.peak = step.peak;
    memory.atPeak = step.atPeak;
    memory.where = QString::fromStdString(plan::peakMoment(configured.graph(), step));
    const Bytes process = configured.processPeak(step);
    memory.features = features;
    memory.process = features + process;
    memory.fits = process <= limit;
    return memory;
}

void countSteps(StepMemory& memory, const config::RunConfig& config, qint64 trainSamples) {
    const qint64 samples = config.data.limit > 0 ? std::min<qint64>(config.data.limit, trainSamples) : trainSamples;
    memory.stepsPerEpoch = config::stepsPerEpoch(samples, std::max<qint64>(1, config.train.batchSize));
    memory.totalSteps = config::totalSteps(config, memory.stepsPerEpoch);
}

}  // namespace headroom::ui
