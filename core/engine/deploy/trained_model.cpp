// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/trained_model.h"

#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/models/lora.h"
#include "base/models/weight_names.h"
#include "engine/data/split.h"
#include "engine/tensor/bridge.h"
#include "engine/train/checkpoints.h"
#include "engine/train/model_file.h"

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

}  // namespace

std::unique_ptr<train::Model> merged(const train::Model& adapted, config::RunConfig config, const models::Basis& basis) {
    const config::RunConfig::Lora lora = std::exchange(config.model.lora, {});
    config.train.freeze.clear();  // may name what is no longer there
    auto whole = std::make_unique<train::Model>(config, basis, at::kCPU);
    std::map<std::string, at::Tensor> from;
    for (const train::NamedTensor& each : adapted.named()) from.emplace(each.name, each.tensor);
    for (const models::LoraPair& pair : models::loraPairs(whole->plain(), {lora.rank, lora.alpha, lora.dropout, lora.targets})) {
        const at::Tensor update = at::mm(from.at(pair.a), from.at(pair.b)).mul_(pair.scale);
        from.at(pair.weight) = at::add(from.at(pair.weight), pair.transposed ? update.t() : update);
    }
    for (const train::NamedTensor& each : whole->named()) each.tensor.copy_(from.at(each.name));
    return whole;
}

namespace {

train::CheckpointFile contentOf(const store::RunFolder& run, Weights weights) {
    const train::Checkpoints checkpoints(run.checkpoints());
    if (weights == Weights::Best && std::filesystem::exists(checkpoints.best())) return train::CheckpointFile(checkpoints.best());
    if (std::optional<train::Checkpoints::Found> found = checkpoints.newest(); found && weights == Weights::Last)
        return std::move(found->content);
    throw noCheckpoint(run);
}

void requireSameData(const TrainedModel& trained, const nlohmann::json& state) {
    const auto learnt = state.find("data");
    if (learnt != state.end() && *learnt == trained.dataset.fingerprint) return;
    throw Error(Failure{Code::Ckp05, trained.run.id(), "the data changed since the checkpoint", escaped(trained.config.data.path), {},
                        "Bring the data back, or train on them as they are now."});
}

/// Frozen ones too: an adapter of others may have brought them.
void takeUpdates(TrainedModel& trained) {
    const std::set<std::string> head = models::headOf(trained.model->plain());
    const auto belongs = [&](const std::string& name) { return models::isLoraUpdate(name) || head.contains(name); };
    for (const train::NamedTensor& each : trained.model->named())
        if (belongs(each.name)) trained.updates.push_back(each);
    for (const train::Parameter& each : trained.model->parameters())
        if (!belongs(each.name)) trained.trainedBeside = each.name;
}

}  // namespace

TrainedModel openTrained(const store::RunFolder& run, Weights weights) {
    const train::CheckpointFile content = contentOf(run, weights);
    TrainedModel trained{run, config::load(run.config()), {}, nullptr, content.state().value("step", std::int64_t{0}), {}, {}};
    const std::shared_ptr<const graph::Graph> file = train::keptGraph(trained.config, run.graph());
    trained.dataset = data::load(data::preparationOf(trained.config, file.get()));
    requireSameData(trained, content.state());
    config::RunConfig exact = trained.config;
    exact.train.weights = "fp32";  // what is exported computes in fp32; bf16 weights widen without loss
    exact.train.cacheFeatures = false;
    const models::Basis basis(trained.dataset.shape, file);
    trained.model = std::make_unique<train::Model>(exact, basis, at::kCPU);
    takeWeights(*trained.model, content, run);
    if (exact.model.lora.rank > 0) {
        takeUpdates(trained);
        trained.model = merged(*trained.model, exact, basis);
    }
    return trained;
}

at::Tensor RunNet::logits(const data::Samples& samples) {
    const models::DataShape& shape = m_trained.dataset.shape;
    const std::int64_t context = shape.kind == models::DataKind::Text ? samples.input.size(1) : shape.context;
    train::Passes& passes = m_passes.try_emplace(context, *m_trained.model, plan::Precision::Fp32, context).first->second;
    std::vector<at::Tensor> parts;
    const std::int64_t count = samples.input.size(0);
    for (std::int64_t first = 0; first < count; first += kBatch) {
        const std::int64_t end = std::min(count, first + kBatch);
        data::Batch batch;
        batch.samples = {tensor::inLayout(samples.input.slice(0, first, end)), samples.target.slice(0, first, end)};
        batch.share.count = batch.share.effective = end - first;
        batch.positions = data::numbersFrom(first, end);
        parts.push_back(passes.infer(m_trained.model->tensors(), batch).logits);
    }
    return parts.size() == 1 ? parts.front() : at::cat(parts);
}

at::Tensor sourceLogits(const TrainedModel& trained, const data::Samples& samples) { return RunNet(trained).logits(samples); }

}  // namespace headroom::deploy
