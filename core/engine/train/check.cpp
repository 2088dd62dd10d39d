// SPDX-License-Identifier: Apache-2.0
#include "engine/train/check.h"

#include "base/config/document.h"
#include "base/graph/summary.h"
#include "base/plan/kept_features.h"
#include "base/plan/training_step.h"
#include "engine/data/dataset.h"
#include "engine/data/sampler.h"
#include "engine/train/environment.h"
#include "engine/train/model_file.h"

namespace headroom::train {

nlohmann::json check(const config::RunConfig& config) {
    const std::shared_ptr<const graph::Graph> file = readModelFile(config).graph;
    const data::Dataset dataset = data::load(data::preparationOf(config, file.get()));
    const graph::Graph plain = plan::netOf(config, {dataset.shape, file});
    const graph::Graph training = plan::lossOnly(plan::trainingGraph(plan::trainedPart(plain, config), dataset.shape.task, config.train.labelSmoothing), config);
    const graph::DeviceKind device = plan::deviceKind(config);
    const std::int64_t batch = config.train.batchSize;
    const std::int64_t samples = dataset.training->size() + (dataset.validation ? dataset.validation->size() : 0);
    const Bytes kept = device == graph::DeviceKind::Cpu ? plan::keptFeatures(config, plain, dataset.shape, samples) : 0;
    plan::requireFeaturesFit(kept, plan::budgetFor(config, availableMemory(device)));
    const config::RunConfig beside = plan::besideFeatures(config, kept);
    plan::StepOptions options = plan::stepOptions(beside, dataset.shape, device);
    const std::int64_t micro = plan::microBatchFor(beside, training, options, availableMemory(device) - kept);
    plan::divide(options, batch, micro);
    const plan::StepPlan step = plan::plan(training, options);
    nlohmann::json memory = nlohmann::json::object();
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind)
        memory[std::string(plan::name(static_cast<plan::Kind>(kind)))] = step.atPeak[kind];
    const std::int64_t perEpoch = data::Sampler({.size = dataset.training->size(), .batch = batch}).stepsPerEpoch();
    return {{"steps_per_epoch", perEpoch},
            {"total_steps", config::totalSteps(config, perEpoch)},
            {"parameters", plain.parameterCount()},
            {"trained", graph::trainedCount(training)},
            {"micro_batch", micro},
            {"training", dataset.training->size()},
            {"validation", dataset.validation ? dataset.validation->size() : 0},
            {"peak", step.peak},
            {"memory", std::move(memory)}};
}

}  // namespace headroom::train
