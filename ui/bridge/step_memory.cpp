// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/step_memory.h"

#include <algorithm>
#include <limits>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/plan/moment.h"
#include "base/plan/training_step.h"

namespace headroom::ui {

StepMemory stepMemory(const config::RunConfig& config, const models::DataShape& data, qint64 trainSamples, std::optional<Bytes> budget) {
    StepMemory memory;
    try {
        const graph::Graph net = models::build(config.model.arch, data, {.dropout = config.model.dropout});
        memory.parameters = net.parameterCount();
        const graph::Graph graph = plan::lossOnly(plan::trainingGraph(net, data.task, config.train.labelSmoothing));
        const bool cuda = config.device.rfind("cuda", 0) == 0;
        plan::StepOptions options = plan::stepOptions(config, data, cuda ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu);
        const Bytes limit = budget.value_or(std::numeric_limits<Bytes>::max());
        const qint64 batch = config.train.batchSize;
        memory.microBatch = config.train.microBatch > 0 ? config.train.microBatch : plan::largestMicroBatch(graph, options, batch, limit).value_or(1);
        plan::divide(options, batch, memory.microBatch);
        memory.parts = options.microBatches;
        const plan::StepPlan step = plan::plan(graph, options);
        memory.peak = step.peak;
        memory.atPeak = step.atPeak;
        memory.where = QString::fromStdString(plan::peakMoment(graph, step));
        memory.fits = step.peak <= limit;
    } catch (const Error& error) {
        memory.fault = QString::fromStdString(error.failures().front().sentence());
    }
    const qint64 samples = config.data.limit > 0 ? std::min<qint64>(config.data.limit, trainSamples) : trainSamples;
    memory.stepsPerEpoch = config::stepsPerEpoch(samples, std::max<qint64>(1, config.train.batchSize));
    memory.totalSteps = config::totalSteps(config, memory.stepsPerEpoch);
    return memory;
}

}  // namespace headroom::ui
