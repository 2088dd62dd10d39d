// SPDX-License-Identifier: Apache-2.0
#include "base/plan/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/config/document.h"
#include "base/models/cut.h"
#include "base/plan/kept_features.h"
#include "base/plan/process_peak.h"
#include "base/plan/roofline.h"
#include "base/plan/training_step.h"

namespace headroom::plan {
namespace {

constexpr int kLeastForBf16 = 80;

void requirePrecision(const config::RunConfig& config, const DeviceModel& device) {
    if (config.train.precision != "bf16" || device.kind != graph::DeviceKind::Cuda) return;
    if (device.capability == 0 || device.capability >= kLeastForBf16) return;
    throw Error(Failure{Code::Cfg11, "train.precision", "bf16 needs compute capability 8.0",
                        fmt::format("{} has {}.{}", device.name, device.capability / 10, device.capability % 10), {},
                        "Use fp32."});
}

/// Evaluations of the whole validation part: every so many steps, and at the end.
std::int64_t evaluations(const config::RunConfig& config, const RunPlan& plan, const RunData& data) {
    if (data.validation <= 0 || plan.totalSteps <= 0) return 0;
    const std::int64_t every = config.train.evalEvery > 0 ? config.train.evalEvery : plan.stepsPerEpoch;
    return (plan.totalSteps + every - 1) / every;
}

/// What of the budget the kept features leave to the steps; at least one byte.
std::optional<Bytes> roomOf(const RunPlan& plan) {
    if (!plan.budget) return std::nullopt;
    return std::max<Bytes>(*plan.budget - plan.featuresInBudget(), 1);
}

/// Whether steps go on beside a copy of the best weights: after an evaluation that is not the last one, where there is room.
bool keepsBest(const config::RunConfig& config, const RunPlan& plan, const RunData& data) {
    if (evaluations(config, plan, data) < 2) return false;
    return mayKeepBest(plan.graph, plan.step, plan.options.device, roomOf(plan).value_or(0));
}

/// So many samples through a graph without its backward, in batches of the micro-batch's size.
double inferenceSeconds(const graph::Graph& graph, const RunPlan& plan, std::int64_t samples, const DeviceModel& device) {
    const std::int64_t batch = std::min(plan.microBatch, samples);
    LowerOptions lowering{.mode = Mode::Inference, .precision = plan.options.precision, .device = plan.options.device,
                          .extents = plan.options.extents, .keep = {}};
    lowering.extents["batch"] = batch;
    const double each = rooflineSeconds(graph, lower(graph, lowering), device);
    return each * std::ceil(static_cast<double>(samples) / static_cast<double>(batch));
}

RunWork workOf(const config::RunConfig& config, const graph::Graph& net, const graph::Graph& withLogits, const RunPlan& plan, const RunData& data,
               const DeviceModel& device) {
    RunWork work;
    work.step = rooflineSeconds(plan.graph, plan.step, plan.options, config.train.clipNorm > 0, device);
    // The last step of an epoch has what is left over.
    const auto places = static_cast<double>(plan.stepsPerEpoch * config.train.batchSize);
    const double filled = places > 0 ? static_cast<double>(data.training) / places : 1;
    work.steps = static_cast<double>(plan.totalSteps) * filled;
    if (const auto number = evaluations(config, plan, data); number > 0)
        work.evaluations = static_cast<double>(number) * inferenceSeconds(withLogits, plan, data.validation, device);
    if (config.train.cacheFeatures)
        work.features = inferenceSeconds(models::cutFrozen(net).before, plan, data.training + data.validation, device);
    return work;
}

std::int64_t chosenMicroBatch(const config::RunConfig& config, const RunPlan& plan, const RunPlanOptions& options) {
    if (options.microBatch) return *options.microBatch;
    if (config.train.microBatch > 0) return config.train.microBatch;
    const Bytes budget = roomOf(plan).value_or(std::numeric_limits<Bytes>::max());
    return largestMicroBatch(plan.graph, plan.options, config.train.batchSize, budget).value_or(1);
}

Bytes processPeakOf(const RunPlan& plan, const DeviceModel& device, const Calibration& calibration, const CalibrationKey& key) {
    const auto measured = calibration.of(key);
    const double extra = measured ? measured->processExtra.value_or(0) : 0;
    return plan.featuresInBudget() + std::max(plan.step.peak, processPeak(plan.graph, plan.step, device.kind) + static_cast<Bytes>(extra));
}

}  // namespace

RunPlan planRun(const config::RunConfig& config, const RunData& data, const DeviceModel& device,
                const Calibration& calibration, const RunPlanOptions& options) {
    requirePrecision(config, device);
    RunPlan plan;
    const graph::Graph net = netOf(config, {data.shape, data.file});
    const graph::Graph withLogits = trainingGraph(trainedPart(net, config), data.shape.task, config.train.labelSmoothing);
    plan.graph = lossOnly(withLogits, config);
    plan.parameters = net.parameterCount();
    plan.options = stepOptions(config, data.shape, device.kind);
    plan.budget = options.budget;
    plan.features = keptFeatures(config, net, data.shape, data.training + data.validation);
    const std::optional<Bytes> room = roomOf(plan);
    if (room) plan.options.budget = *room;
    plan.microBatch = chosenMicroBatch(config, plan, options);
    divide(plan.options, config.train.batchSize, plan.microBatch);
    plan.microBatch = plan.options.extents["batch"];
    plan.step = plan::plan(plan.graph, plan.options);
    plan.fits = !room || fits(plan.graph, plan.step, device.kind, *room);
    plan.stepsPerEpoch = config::stepsPerEpoch(data.training, config.train.batchSize);
    plan.totalSteps = config::totalSteps(config, plan.stepsPerEpoch);
    if (keepsBest(config, plan, data)) {
        plan.options.keepsBest = true;
        plan.step = plan::plan(plan.graph, plan.options);
    }
    const CalibrationKey key = calibrationKey(config, device);
    plan.processPeak = processPeakOf(plan, device, calibration, key);
    if (device.hasRates()) plan.work = workOf(config, net, withLogits, plan, data, device);
    plan.estimate = estimate(plan.work, device, calibration, key, config.cost, options.measuredStep);
    return plan;
}

Bytes automaticBudget(const DeviceModel& device, Bytes available) {
    if (device.kind == graph::DeviceKind::Cpu) return automaticBudget(available);
    return device.memory;
}

std::optional<Failure> misfit(const config::RunConfig& config, const RunPlan& plan) {
    if (plan.fits) return std::nullopt;
    if (const Bytes kept = plan.featuresInBudget(); kept >= *plan.budget) return featuresExceed(kept, *plan.budget);
    const std::int64_t batch = config.train.batchSize;
    const auto fitting = largestMicroBatch(plan.graph, plan.options, batch, *roomOf(plan));
    if (!fitting) {
        StepOptions least = plan.options;
        divide(least, batch, 1);
        return singleSamplesExceed(plan.featuresInBudget() + processPeak(plan.graph, plan::plan(plan.graph, least), least.device), *plan.budget);
    }
    return Failure{Code::Mem01, "memory",
                   fmt::format("a step in micro-batches of {} exceeds the memory budget", grouped(plan.microBatch)),
                   readableBytes(plan.featuresInBudget() + processPeak(plan.graph, plan.step, plan.options.device)), readableBytes(*plan.budget) + " allowed",
                   fmt::format("Micro-batches of {} fit: set train.micro_batch=0, which chooses them.", grouped(*fitting))};
}

CalibrationKey calibrationKey(const config::RunConfig& config, const DeviceModel& device) {
    return {device.name, config.train.precision, config::modelName(config)};
}

}  // namespace headroom::plan
