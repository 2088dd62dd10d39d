// SPDX-License-Identifier: Apache-2.0
#include "engine/train/state_keeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "engine/tensor/bridge.h"
#include "engine/train/environment.h"

namespace headroom::train {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kShownDifferences = 5;

[[noreturn]] void refuse(Code code, std::string problem, std::string found, std::string remedy) {
    throw Error(Failure{code, "checkpoint", std::move(problem), std::move(found), {}, std::move(remedy)});
}

/// NaN and infinities have no place in JSON.
nlohmann::json numberOrNull(const std::optional<double>& number) {
    return number ? nlohmann::json(*number) : nlohmann::json();
}

std::optional<double> optionalNumber(const nlohmann::json& json) {
    return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
}

nlohmann::json toJson(const std::optional<Metrics>& metrics) {
    if (!metrics) return nullptr;
    return {{"loss", metrics->loss}, {"accuracy", numberOrNull(metrics->accuracy)}, {"miou", numberOrNull(metrics->miou)}, {"r2", numberOrNull(metrics->r2)}};
}

std::optional<Metrics> metricsFrom(const nlohmann::json& json) {
    if (!json.is_object()) return std::nullopt;
    return Metrics{optionalNumber(json.at("loss")).value_or(0), optionalNumber(json.at("accuracy")),
                   optionalNumber(json.value("miou", nlohmann::json())), optionalNumber(json.at("r2"))};
}

std::string typeOf(at::ScalarType type, at::IntArrayRef shape) {
    return fmt::format("{} [{}]", c10::toString(type), fmt::join(shape, ", "));
}

/// "model.fc.weight: Float [10, 128], Float [12, 128] in the checkpoint"
std::string difference(const NamedTensor& wanted, const CheckpointFile& content) {
    const auto stored = content.entries().find(wanted.name);
    if (stored == content.entries().end()) return wanted.name + " is missing";
    const at::ScalarType type = tensor::scalarType(stored->second.type);
    const at::IntArrayRef shape = stored->second.shape;
    if (type == wanted.tensor.scalar_type() && shape == wanted.tensor.sizes()) return {};
    return fmt::format("{} is {}, in the checkpoint {}", wanted.name, typeOf(wanted.tensor.scalar_type(), wanted.tensor.sizes()), typeOf(type, shape));
}

}  // namespace

std::int64_t StateKeeper::microBatch(const CheckpointFile& content) {
    const nlohmann::json& state = content.state();
    if (!state.contains("micro_batch")) refuse(Code::Ckp04, "the checkpoint lacks state", "micro_batch", "Start the run again.");
    return state["micro_batch"];
}

std::int64_t StateKeeper::wantedMicroBatch(const CheckpointFile& content) {
    return content.state().value("wanted_micro_batch", microBatch(content));
}

std::vector<NamedTensor> StateKeeper::tensors() const {
    std::vector<NamedTensor> all;
    const std::vector<NamedTensor> named = m_trainer.m_model.named();
    for (const NamedTensor& each : named) all.push_back({"model." + each.name, each.tensor, nullptr, each.fixed});
    for (const NamedTensor& each : m_trainer.m_optimizer->state()) all.push_back({"optimizer." + each.name, each.tensor, each.outside});
    if (!m_trainer.m_ema) return all;
    const graph::Graph& graph = m_trainer.m_model.training();
    auto average = m_trainer.m_ema->averages().begin();
    for (const auto& ids : {graph.trained(), graph.buffers()})
        for (const graph::ValueId id : ids) all.push_back({"ema." + graph.value(id).name, *average++});
    return all;
}

CheckpointContent StateKeeper::capture() const {
    const Trainer& t = m_trainer;
    const nlohmann::json state = {{"version", kVersion},
                                  {"step", t.m_step},
                                  {"total_steps", t.m_totalSteps},
                                  {"arch", config::modelName(t.m_config)},
                                  {"optimizer", t.m_optimizer->name()},
                                  {"peak_rate", t.m_schedule.peak()},
                                  {"seed", t.m_config.train.seed},
                                  {"batch_size", t.m_config.train.batchSize},
                                  {"micro_batch", t.microBatch()},
                                  {"wanted_micro_batch", t.m_stepper.wantedMicroBatch()},
                                  {"judge", t.m_judge.state()},
                                  {"ema_updates", t.m_ema ? nlohmann::json(t.m_ema->updates()) : nlohmann::json()},
                                  {"skipped", t.m_skipped},
                                  {"skipped_in_a_row", t.m_skippedInARow},
                                  {"train_loss", numberOrNull(t.m_trainLoss)},
                                  {"metrics", toJson(t.m_metrics)},
                                  {"data", t.m_dataset.fingerprint},
                                  {"environment", t.m_environment}};
    return {state, tensors()};
}

void StateKeeper::checkData(const nlohmann::json& state) const {
    if (m_trainer.m_dataset.are(state.at("data").get<std::string>()) || m_trainer.m_options.acceptChangedData) return;
    refuse(Code::Ckp05, "the data changed since the checkpoint", state.at("data").dump(),
           "Bring the data back, or resume with --accept-changed-data; the result is then another one.");
}

void StateKeeper::checkEnvironment(const nlohmann::json& state) const {
    const std::vector<std::string> found = differences(state.at("environment"), m_trainer.m_environment);
    if (found.empty()) return;
    m_trainer.m_host.noted(m_trainer.position(), "warning",
                           fmt::format("{}: the result will not be bit-identical because of: {}.", info(Code::Ckp07).text,
                                       fmt::join(found, "; ")));
}

void StateKeeper::checkParts(const nlohmann::json& state) const {
    const Trainer& t = m_trainer;
    const std::string back = "Set the configuration back to what it was, or start the run again.";
    if (state.at("optimizer") != t.m_optimizer->name())
        refuse(Code::Ckp04, "the checkpoint is of another optimizer", state.at("optimizer").dump(), back);
    if (t.m_ema && state.at("ema_updates").is_null())
        refuse(Code::Ckp04, "the checkpoint lacks the averaged weights", {}, back);
    if (state.at("seed") != t.m_config.train.seed || state.at("batch_size") != t.m_config.train.batchSize)
        refuse(Code::Ckp04, "the checkpoint is of another seed or batch size", {}, back);
}

void StateKeeper::copyTensors(const CheckpointFile& content) const {
    const std::vector<NamedTensor> wanted = tensors();
    std::vector<std::string> model, rest;
    for (const NamedTensor& named : wanted) {
        const std::string found = difference(named, content);
        if (!found.empty()) (named.name.starts_with("model.") ? model : rest).push_back(found);
    }
    for (const auto& [name, entry] : content.entries())
        if (name.starts_with("model.") && std::ranges::find(wanted, name, &NamedTensor::name) == wanted.end())
            model.push_back(name + " is not in the model");
    const auto shown = [](std::vector<std::string>& all) {
        all.resize(std::min(all.size(), kShownDifferences));
        return fmt::format("{}", fmt::join(all, "; "));
    };
    if (!model.empty()) refuse(Code::Ckp03, "the checkpoint is of another model", shown(model), "Choose the model it was made with.");
    if (!rest.empty()) refuse(Code::Ckp04, "the checkpoint lacks state", shown(rest), "Start the run again.");
    for (const NamedTensor& named : wanted) {
        named.tensor.copy_(content.read(named.name));
        if (named.outside) named.outside->letGo(named.tensor);
    }
}

void StateKeeper::takeCounters(const nlohmann::json& state) {
    Trainer& t = m_trainer;
    t.m_step = t.m_checkpointStep = state.at("step");
    t.m_schedule.setPeak(state.at("peak_rate"));
    t.m_judge.restore(state.at("judge"));
    if (t.m_ema) t.m_ema->setUpdates(state.at("ema_updates"));
    t.m_skipped = state.at("skipped");
    t.m_skippedInARow = state.at("skipped_in_a_row");
    t.m_trainLoss = optionalNumber(state.at("train_loss"));
    t.m_metrics = metricsFrom(state.at("metrics"));
}

void StateKeeper::restore(const Checkpoints::Found& found) {
    const nlohmann::json& state = found.content.state();
    try {
        checkData(state);
        checkParts(state);
        copyTensors(found.content);
        takeCounters(state);
        checkEnvironment(state);
    } catch (const nlohmann::json::exception&) {
        refuse(Code::Ckp04, "the checkpoint lacks state", found.file.filename().string(), "Start the run again.");
    }
    for (const std::string& notice : found.notices) m_trainer.m_host.noted(m_trainer.position(), "warning", notice);
    m_trainer.m_host.noted(m_trainer.position(), "resume", fmt::format("Going on from the checkpoint of step {}.", m_trainer.m_step));
}

}  // namespace headroom::train
