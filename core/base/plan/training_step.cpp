// SPDX-License-Identifier: Apache-2.0
#include "base/plan/training_step.h"

#include <algorithm>
#include <cmath>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/graph/gradient_path.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/models/cut.h"
#include "base/models/freezing.h"
#include "base/plan/bare_net.h"
#include "base/plan/planner.h"
#include "base/plan/process_peak.h"
#include "base/process/processor.h"

namespace headroom::plan {
namespace {

std::int64_t largestPart(std::int64_t whole, std::int64_t parts) { return (whole + parts - 1) / parts; }

const StepOptions& inParts(StepOptions& step, std::int64_t effectiveBatch, std::int64_t parts) {
    divide(step, effectiveBatch, largestPart(effectiveBatch, parts));
    return step;
}

/// The first number from `least` to `most` for which something holds that, up to rounding, holds for all larger ones too: from
/// a guess by growing strides, then by bisection. Nothing where it does not hold for `most`.
template <class Holds>
std::optional<std::int64_t> first(std::int64_t least, std::int64_t most, std::int64_t guess, const Holds& holds) {
    std::int64_t tooFew = least - 1, enough = most + 1;
    const bool isGuessEnough = holds(guess);
    (isGuessEnough ? enough : tooFew) = guess;
    for (std::int64_t stride = 1; isGuessEnough ? enough > least : tooFew < most; stride *= 2) {
        const std::int64_t next = isGuessEnough ? std::max(enough - stride, least) : std::min(tooFew + stride, most);
        const bool isEnough = holds(next);
        (isEnough ? enough : tooFew) = next;
        if (isEnough != isGuessEnough) break;
    }
    while (enough - tooFew > 1) {
        const std::int64_t middle = tooFew + (enough - tooFew) / 2;
        (holds(middle) ? enough : tooFew) = middle;
    }
    return enough > most ? std::nullopt : std::optional(enough);
}

/// Parts with which the tensors fit `room`, if they grew evenly between single samples and the whole batch.
std::int64_t guessedParts(Bytes single, Bytes whole, std::int64_t batch, Bytes room) {
    if (whole <= room) return 1;
    const double share = static_cast<double>(room - single) / static_cast<double>(whole - single);
    const double micro = 1 + share * static_cast<double>(batch - 1);
    return std::clamp(static_cast<std::int64_t>(std::ceil(static_cast<double>(batch) / micro)), std::int64_t{1}, batch);
}

Offload offload(const std::string& word) {
    if (word == "activations") return Offload::Activations;
    return word == "auto" ? Offload::Auto : Offload::Off;
}

Recompute recompute(const std::string& word) {
    if (word == "cheap") return Recompute::Cheap;
    if (word == "blocks") return Recompute::Blocks;
    return word == "auto" ? Recompute::Auto : Recompute::Off;
}

}  // namespace

models::ModelOptions modelOptions(const config::RunConfig& config) {
    return {config.model.dropout, config.model.width, config.model.layers, config.model.heads};
}

graph::Graph netOf(const config::RunConfig& config, const models::Basis& basis) {
    graph::Graph net = bareNet(config, basis);
    const models::Trained trained = trainedOf(config);
    if (trained.lora.rank > 0) net = models::withLora(net, trained.lora);
    models::freeze(net, trained.freeze);
    if (basis.file) graph::requireGradients(net);
    return net;
}

graph::Graph trainedPart(graph::Graph net, const config::RunConfig& config) {
    return config.train.cacheFeatures ? models::cutFrozen(net).behind : net;
}

graph::Graph trainingGraph(graph::Graph net, models::Task task, double labelSmoothing) {
    models::appendLoss(net, task, labelSmoothing);
    return graph::fusedForTraining(net);
}

graph::Graph lossOnly(graph::Graph graph, const config::RunConfig& config) {
    graph.setOutputs({graph.outputs().front()});
    return config.memory.chunkedLoss ? graph::apply(graph, graph::kFuseLinearCrossEntropy) : graph;
}

Precision precisionOf(const config::RunConfig& config) {
    if (config.train.precision != "bf16") return Precision::Fp32;
    return config.train.weights == "bf16" ? Precision::Bf16Weights : Precision::Bf16;
}

graph::DeviceKind deviceKind(const config::RunConfig& config) {
    return config.device.starts_with("cuda") ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
}

StepOptions stepOptions(const config::RunConfig& config, const models::DataShape& data, graph::DeviceKind device) {
    StepOptions step;
    step.precision = precisionOf(config);
    step.device = device;
    step.emulatesBf16 = device == graph::DeviceKind::Cpu && !process::hasNativeBf16();
    step.threads = process::computeThreads();
    step.extents = {{"sequence", data.context}};
    step.optimizer = optimizerState(config);
    step.ema = config.train.ema > 0;
    step.undo = true;
    step.optimizerInBackward = config.memory.optimizerInBackward;
    step.recompute = recompute(config.memory.recompute);
    step.offload = offload(config.memory.offload);
    step.budget = config::memoryBudget(config).value_or(0);
    step.batchesAhead = config.loader.threads > 0 ? config.loader.prefetch : 0;
    return step;
}

void divide(StepOptions& step, std::int64_t effectiveBatch, std::int64_t microBatch) {
    step.extents["batch"] = std::min(microBatch, effectiveBatch);
    step.microBatches = largestPart(effectiveBatch, step.extents["batch"]);
}

std::optional<std::int64_t> largestMicroBatch(const graph::Graph& graph, const StepOptions& step, std::int64_t effectiveBatch,
                                              Bytes budget) {
    Planner planner(graph);
    return largestMicroBatch(planner, step, effectiveBatch, budget);
}

std::optional<std::int64_t> largestMicroBatch(Planner& planner, StepOptions step, std::int64_t effectiveBatch, Bytes budget) {
    if (step.recompute == Recompute::Auto || step.offload == Offload::Auto) {
        // Smaller parts cost less time than making things again or moving them: that is for when single samples do not fit.
        StepOptions plain = step;
        if (step.recompute == Recompute::Auto) plain.recompute = Recompute::Off;
        if (step.offload == Offload::Auto) plain.offload = Offload::Off;
        if (const auto fits = largestMicroBatch(planner, plain, effectiveBatch, budget)) return fits;
        step.budget = budget;
        return planner.fits(inParts(step, effectiveBatch, effectiveBatch), budget) ? std::optional<std::int64_t>(1) : std::nullopt;
    }
    // The tensors first: following the pools takes several times as long, and adds little.
    const Bytes room = budget - fixedPart(planner.graph(), step.device);
    const auto tensors = [&](std::int64_t parts) { return planner.peak(inParts(step, effectiveBatch, parts)); };
    const auto allFits = [&](std::int64_t parts) { return planner.fits(inParts(step, effectiveBatch, parts), budget); };
    if (allFits(1)) return effectiveBatch;
    if (tensors(effectiveBatch) > room) return std::nullopt;
    const std::int64_t guess = guessedParts(tensors(effectiveBatch), tensors(1), effectiveBatch, room);
    const auto least = first(1, effectiveBatch, guess, [&](std::int64_t parts) { return tensors(parts) <= room; });
    const auto parts = first(*least, effectiveBatch, *least, allFits);
    return parts ? std::optional(largestPart(effectiveBatch, *parts)) : std::nullopt;
}

std::int64_t microBatchFor(const config::RunConfig& config, const graph::Graph& graph, const StepOptions& step, Bytes available) {
    if (config.train.microBatch > 0) return config.train.microBatch;
    const std::int64_t batch = config.train.batchSize;
    const Bytes budget = budgetFor(config, available);
    Planner planner(graph);
    if (const auto fits = largestMicroBatch(planner, step, batch, budget)) return *fits;
    StepOptions least = step;
    least.budget = budget;
    throw Error(singleSamplesExceed(planner.processPeak(inParts(least, batch, batch)), budget));
}

Failure singleSamplesExceed(Bytes peak, Bytes budget) {
    return {Code::Mem02, "memory", "even single samples exceed the memory budget", readableBytes(peak),
            readableBytes(budget) + " allowed", "Raise memory.budget, choose a smaller model, or train in bf16."};
}

Bytes budgetFor(const config::RunConfig& config, Bytes available) {
    return config::memoryBudget(config).value_or(automaticBudget(available));
}

Bytes automaticBudget(Bytes available) { return available / 10 * 8; }

}  // namespace headroom::plan
