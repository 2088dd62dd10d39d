// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/step_memory.h"

#include <QCoreApplication>

#include <algorithm>
#include <limits>

#include "base/errors/error.h"

namespace headroom::ui {
namespace {

plan::StepOptions optionsOf(const config::RunConfig& config, const models::DataShape& data) {
    plan::StepOptions options;
    const auto& train = config.train;
    options.precision = train.precision == "bf16" ? plan::Precision::Bf16 : plan::Precision::Fp32;
    options.device = config.device.rfind("cuda", 0) == 0 ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
    options.extents["sequence"] = data.context;
    options.optimizer = train.optimizer.name == "adamw"    ? plan::OptimizerState::TwoMoments
                        : train.optimizer.momentum > 0 ? plan::OptimizerState::OneMoment
                                                       : plan::OptimizerState::None;
    options.ema = train.ema > 0;
    options.batchesAhead = config.loader.threads > 0 ? config.loader.prefetch : 0;
    return options;
}

plan::StepPlan planned(const graph::Graph& graph, plan::StepOptions& options, qint64 batch, qint64 parts) {
    options.microBatches = parts;
    options.extents["batch"] = (batch + parts - 1) / parts;
    return plan::plan(graph, options);
}

qint64 partsFor(const graph::Graph& graph, plan::StepOptions& options, qint64 batch, Bytes budget) {
    qint64 tooFew = 0, enough = 1;
    while (enough < batch && planned(graph, options, batch, enough).peak > budget) {
        tooFew = enough;
        enough = std::min(2 * enough, batch);
    }
    while (enough - tooFew > 1) {
        const qint64 middle = tooFew + (enough - tooFew) / 2;
        (planned(graph, options, batch, middle).peak > budget ? tooFew : enough) = middle;
    }
    return enough;
}

QString momentOf(const graph::Graph& graph, const plan::StepPlan& step) {
    if (step.peakStage == plan::Stage::Resident) return QCoreApplication::translate("StepMemory", "between steps");
    if (step.peakStage == plan::Stage::Update) return QCoreApplication::translate("StepMemory", "the update");
    const auto& instructions = (step.peakStage == plan::Stage::First ? step.first : step.next).instructions;
    if (step.peakInstruction >= instructions.size()) return {};
    const plan::Instruction& at = instructions[step.peakInstruction];
    const QString node = QString::fromStdString(graph.node(at.node).name);
    return at.what == plan::Instruction::What::Forward ? QCoreApplication::translate("StepMemory", "forward of %1").arg(node)
                                                       : QCoreApplication::translate("StepMemory", "backward of %1").arg(node);
}

}  // namespace

StepMemory stepMemory(const config::RunConfig& config, const models::DataShape& data, qint64 trainSamples, std::optional<Bytes> budget) {
    StepMemory memory;
    try {
        graph::Graph graph = models::build(config.model.arch, data, {config.model.dropout});
        memory.parameters = graph.parameterCount();
        models::appendLoss(graph, data.task, data.task == models::Task::Regression ? 0 : config.train.labelSmoothing);
        plan::StepOptions options = optionsOf(config, data);
        const qint64 batch = config.train.batchSize;
        const Bytes limit = budget.value_or(std::numeric_limits<Bytes>::max());
        memory.parts = config.train.microBatch > 0 ? (batch + config.train.microBatch - 1) / config.train.microBatch : partsFor(graph, options, batch, limit);
        const plan::StepPlan step = planned(graph, options, batch, memory.parts);
        memory.microBatch = (batch + memory.parts - 1) / memory.parts;
        memory.peak = step.peak;
        memory.atPeak = step.atPeak;
        memory.where = momentOf(graph, step);
        memory.fits = step.peak <= limit;
    } catch (const Error& error) {
        memory.fault = QString::fromStdString(error.failures().front().sentence());
    }
    const qint64 samples = config.data.limit > 0 ? std::min<qint64>(config.data.limit, trainSamples) : trainSamples;
    memory.stepsPerEpoch = (samples + config.train.batchSize - 1) / std::max<qint64>(1, config.train.batchSize);
    memory.totalSteps = memory.stepsPerEpoch * config.train.epochs;
    if (config.train.maxSteps > 0) memory.totalSteps = memory.totalSteps > 0 ? std::min<qint64>(memory.totalSteps, config.train.maxSteps) : config.train.maxSteps;
    return memory;
}

}  // namespace headroom::ui
