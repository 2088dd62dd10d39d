// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/trained_model.h"

#include <ATen/ops/cat.h>

#include <algorithm>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "engine/tensor/bridge.h"
#include "engine/train/checkpoints.h"
#include "engine/train/passes.h"

namespace headroom::deploy {
namespace {

constexpr std::int64_t kBatch = 256;

Error noCheckpoint(const store::RunFolder& run) {
    return Error(Failure{Code::Ckp08, run.id(), "this run has no checkpoint yet", {}, {},
                         "Let it train until its first checkpoint, or resume it."});
}

/// The averaged tensor where the run keeps averages, else the trained one.
at::Tensor finalTensor(const train::CheckpointFile& content, const std::string& name) {
    const at::Tensor averaged = content.read("ema." + name);
    return averaged.defined() ? averaged : content.read("model." + name);
}

void takeWeights(train::Model& model, const train::CheckpointFile& content, const store::RunFolder& run) {
    for (const train::NamedTensor& named : model.named()) {
        const at::Tensor stored = finalTensor(content, named.name);
        if (!stored.defined() || stored.sizes() != named.tensor.sizes())
            throw Error(Failure{Code::Ckp03, run.id(), "the checkpoint is of another model", named.name, {},
                                "Train the run again with this configuration."});
        named.tensor.copy_(stored);
    }
}

train::CheckpointFile contentOf(const store::RunFolder& run, Weights weights) {
    const train::Checkpoints checkpoints(run.checkpoints());
    if (weights == Weights::Best && std::filesystem::exists(checkpoints.best())) return train::CheckpointFile(checkpoints.best());
    if (std::optional<train::Checkpoints::Found> found = checkpoints.newest(); found && weights == Weights::Last)
        return std::move(found->content);
    throw noCheckpoint(run);
}

std::vector<std::int64_t> numbers(std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> all;
    for (std::int64_t k = begin; k < end; ++k) all.push_back(k);
    return all;
}

}  // namespace

TrainedModel openTrained(const store::RunFolder& run, Weights weights) {
    const train::CheckpointFile content = contentOf(run, weights);
    TrainedModel trained{run, config::load(run.config()), {}, nullptr, content.state().value("step", std::int64_t{0})};
    trained.dataset = data::load(data::preparationOf(trained.config));
    config::RunConfig exact = trained.config;
    exact.train.weights = "fp32";  // what is exported computes in fp32; bf16 weights widen without loss
    trained.model = std::make_unique<train::Model>(exact, trained.dataset.shape, at::kCPU);
    takeWeights(*trained.model, content, run);
    return trained;
}

data::Samples provingSamples(const data::Source& source) {
    return source.assemble(numbers(0, source.size()), {}, {at::kFloat, false});
}

at::Tensor sourceLogits(const TrainedModel& trained, const data::Samples& samples) {
    train::Passes passes(*trained.model, plan::Precision::Fp32, trained.dataset.shape.context);
    std::vector<at::Tensor> parts;
    const std::int64_t count = samples.input.size(0);
    for (std::int64_t first = 0; first < count; first += kBatch) {
        const std::int64_t end = std::min(count, first + kBatch);
        data::Batch batch;
        batch.samples = {tensor::inLayout(samples.input.slice(0, first, end)), samples.target.slice(0, first, end)};
        batch.share.count = batch.share.effective = end - first;
        batch.positions = numbers(first, end);
        parts.push_back(passes.infer(trained.model->tensors(), batch).logits);
    }
    return at::cat(parts);
}

}  // namespace headroom::deploy
