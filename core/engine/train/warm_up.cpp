// SPDX-License-Identifier: Apache-2.0
#include "engine/train/warm_up.h"

#include <algorithm>

#include "base/config/document.h"
#include "base/plan/training_step.h"
#include "engine/data/loader.h"
#include "engine/tensor/memory.h"
#include "engine/train/model.h"
#include "engine/train/optimizer.h"
#include "engine/train/passes.h"

namespace headroom::train {
namespace {

constexpr std::int64_t kSamples = 2, kSteps = 2;

void steps(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file, const std::filesystem::path& folder) {
    Model model(config, {dataset.shape, file.graph}, at::kCPU);
    Passes passes(model, plan::precisionOf(config), dataset.shape.context);
    const auto optimizer = optimizerOf(config, model, folder);
    const std::int64_t batch = std::min(kSamples, dataset.training->size());
    data::Loader loader(*dataset.training, data::Sampler({.size = dataset.training->size(), .batch = batch, .microBatch = batch}),
                        {.endStep = kSteps, .draw = {}, .placement = {passes.inputType(), false}});
    while (const auto next = loader.next()) {
        passes.train(model, *next, 0, 1);
        optimizer->step(model.gradients(), 0);
        model.dropGradients();
    }
}

}  // namespace

void warmUp(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file, const std::filesystem::path& folder) {
    steps(config, dataset, file, config::offloadFolder(config, folder));
    tensor::trimMemory();
}

}  // namespace headroom::train
