// SPDX-License-Identifier: Apache-2.0
#include "engine/train/check.h"

#include <algorithm>

#include "engine/data/dataset.h"
#include "engine/data/sampler.h"
#include "engine/train/micro_batch.h"
#include "engine/train/model.h"

namespace headroom::train {

nlohmann::json check(const config::RunConfig& config) {
    const data::Dataset dataset = data::load(data::preparationOf(config));
    const graph::Graph plain = models::build(config.model.arch, dataset.shape, {.dropout = config.model.dropout});
    const graph::Graph training = withLoss(plain, dataset.shape.task, config.train.labelSmoothing);
    const bool cuda = config.device.starts_with("cuda");
    const auto device = cuda ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
    const std::int64_t batch = config.train.batchSize;
    const std::int64_t micro = microBatchFor(config, training, dataset.shape, device);
    plan::StepOptions options = stepOptions(config, dataset.shape);
    options.device = device;
    options.microBatches = (batch + micro - 1) / micro;
    options.extents["batch"] = micro;
    const plan::StepPlan step = plan::plan(training, options);
    nlohmann::json memory = nlohmann::json::object();
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind)
        memory[std::string(plan::name(static_cast<plan::Kind>(kind)))] = step.atPeak[kind];
    const std::int64_t perEpoch = data::Sampler({.size = dataset.training->size(), .batch = batch}).stepsPerEpoch();
    const std::int64_t whole = perEpoch * config.train.epochs;
    return {{"steps_per_epoch", perEpoch},
            {"total_steps", config.train.maxSteps > 0 ? std::min(config.train.maxSteps, whole) : whole},
            {"parameters", plain.parameterCount()},
            {"micro_batch", micro},
            {"training", dataset.training->size()},
            {"validation", dataset.validation ? dataset.validation->size() : 0},
            {"peak", step.peak},
            {"memory", std::move(memory)}};
}

}  // namespace headroom::train
