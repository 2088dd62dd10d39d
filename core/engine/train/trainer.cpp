// SPDX-License-Identifier: Apache-2.0
#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/plan/kept_features.h"
#include "base/plan/process_peak.h"
#include "base/plan/training_step.h"
#include "engine/run/device.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "engine/train/out_of_memory.h"
#include "engine/train/state_keeper.h"

namespace headroom::train {
namespace {

using namespace std::chrono_literals;
constexpr auto kProgressEvery = 250ms;
constexpr auto kLeastBetweenCheckpoints = 5s;  // at the ends of short epochs
constexpr std::int64_t kMostSkippedInARow = 100;
constexpr std::int64_t kLargestEvaluationBatch = 1024;
constexpr std::size_t kReadLossesEvery = 16;  // on devices that a reader has to wait for

Judge::Figure figureOf(models::Task task) {
    if (task == models::Task::Classification) return Judge::Figure::Accuracy;
    if (task == models::Task::Segmentation) return Judge::Figure::MeanIou;
    return task == models::Task::Regression ? Judge::Figure::R2 : Judge::Figure::Loss;
}

std::optional<Ema> makeEma(const Model& model, double decay) {
    return decay > 0 ? std::optional<Ema>(std::in_place, model.weights(), model.buffers(), decay) : std::nullopt;
}

}  // namespace

Trainer::Trainer(const config::RunConfig& config, const data::Dataset& dataset, TrainerOptions options, Host& host)
    : m_config(config),
      m_dataset(dataset),
      m_options(std::move(options)),
      m_host(host),
      m_checkpoints(m_options.checkpoints),
      m_restored(m_options.resume ? m_checkpoints.newest() : std::nullopt),
      m_model(config, {dataset.shape, m_options.file.graph}, m_options.devices.front(), firstWeights()),
      m_passes(m_model, plan::precisionOf(config), dataset.shape.context),
      m_features(keptFeatures()),
      m_budget(chosenBudget()),
      m_optimizer(optimizerOf(config, m_model, offloadFolder())),
      m_ema(makeEma(m_model, config.train.ema)),
      m_sampler(makeSampler()),
      m_totalSteps(config::totalSteps(config, m_sampler.stepsPerEpoch())),
      m_schedule(Schedule::make(config.train, m_totalSteps)),
      m_stepper(stepperParts(), m_sampler.options(), wantedMicroBatch()),
      m_judge(figureOf(dataset.shape.task), config.train.earlyStopping),
      m_environment(train::environment(m_options.devices.front(), config.train.precision, m_options.world)) {
    enforceBudget();
    followPlan();
    if (m_restored) StateKeeper(*this).restore(*std::exchange(m_restored, std::nullopt));
}

Trainer::~Trainer() = default;

/// A resumed run has its own.
FirstWeights Trainer::firstWeights() const { return m_restored ? FirstWeights() : m_options.file.weights; }

std::filesystem::path Trainer::offloadFolder() const { return config::offloadFolder(m_config, m_options.checkpoints); }

data::Sampler Trainer::makeSampler() const {
    data::SamplerOptions options;
    options.size = m_dataset.training->size();
    options.batch = m_config.train.batchSize;
    // A resumed run keeps the micro-batch it had: another one adds the same numbers in another order.
    options.microBatch = allowed(m_restored ? StateKeeper::microBatch(m_restored->content) : chosenMicroBatch());
    options.seed = static_cast<std::uint64_t>(m_config.train.seed);
    options.rank = m_options.rank;
    options.world = m_options.world;
    return data::Sampler(options);
}

/// Of a GPU's memory they take nothing.
Bytes Trainer::keptFeatures() const {
    if (!m_model.device().is_cpu()) return 0;
    const std::int64_t validation = m_dataset.validation ? m_dataset.validation->size() : 0;
    return plan::keptFeatures(m_config, m_model.plain(), m_dataset.shape, m_dataset.training->size() + validation);
}

/// On CUDA nothing is limited where nobody set a budget.
Bytes Trainer::chosenBudget() const {
    if (m_model.device().is_cpu()) return plan::budgetFor(plan::besideFeatures(m_config, m_features), availableMemory(graph::DeviceKind::Cpu));
    return config::memoryBudget(m_config).value_or(0);
}

/// From now on the device's allocator refuses what would go past the budget.
void Trainer::enforceBudget() const {
    if (m_budget == 0) return;
    const at::Device device = m_model.device();
    const Bytes pools = plan::poolBudget(m_model.step(), kindOf(device), m_budget);
    if (device.is_cpu()) return tensor::setMemoryBudget(pools + m_features);
    const auto all = static_cast<double>(run::deviceMemory(device).total);
    run::limitDeviceMemory(device, std::min(1.0, static_cast<double>(pools) / all));
}

std::int64_t Trainer::chosenMicroBatch() const {
    const graph::DeviceKind device = kindOf(m_model.device());
    const config::RunConfig beside = plan::besideFeatures(m_config, m_features);
    const plan::StepOptions step = plan::stepOptions(beside, m_dataset.shape, device);
    return plan::microBatchFor(beside, m_model.step(), step, availableMemory(device));
}

std::int64_t Trainer::allowed(std::int64_t microBatch) const {
    return m_options.largestMicroBatch > 0 ? std::min(microBatch, m_options.largestMicroBatch) : microBatch;
}

/// What the run began with: memory may have run out since.
std::int64_t Trainer::wantedMicroBatch() const {
    return m_restored ? StateKeeper::wantedMicroBatch(m_restored->content) : m_sampler.options().microBatch;
}

StepperParts Trainer::stepperParts() {
    return {.config = m_config,
            .dataset = m_dataset,
            .model = m_model,
            .passes = m_passes,
            .optimizer = *m_optimizer,
            .ema = m_ema ? &*m_ema : nullptr,
            .reduceGradients = m_options.reduceGradients,
            .fits = [this](std::int64_t microBatch) { return fits(microBatch); },
            .recomputeMore = [this] { return recomputeMore(); },
            .offloadMore = [this] { return offloadMore(); },
            .letGo = [this] { return writeBest(); },
            .note = [this](std::string_view kind, const std::string& text) { m_host.noted(position(), kind, text); }};
}

plan::StepOptions Trainer::stepOptions() const {
    plan::StepOptions step = plan::stepOptions(m_config, m_dataset.shape, kindOf(m_model.device()));
    step.budget = m_budget;
    return step;
}

plan::StepPlan Trainer::planOf(std::int64_t microBatch, plan::StepOptions step) const {
    plan::divide(step, m_config.train.batchSize, microBatch);
    return plan::plan(m_model.step(), step);
}

/// What is made again and what goes out, as planned for the micro-batch that the run begins with.
void Trainer::followPlan() {
    const plan::StepPlan planned = planOf(microBatch(), stepOptions());
    m_passes.setRecompute(planned.recompute);
    m_passes.setOffload(planned.offload, offloadFolder());
    m_passes.prepare(microBatch());
}

bool Trainer::fits(std::int64_t microBatch) const {
    if (allowed(microBatch) != microBatch) return false;
    return m_budget == 0 || plan::fits(m_model.step(), planOf(microBatch, stepOptions()), kindOf(m_model.device()), m_budget);
}

/// The choice that leaves the smallest peak, whatever its time.
bool Trainer::recomputeMore() {
    plan::StepOptions step = stepOptions();
    step.recompute = plan::Recompute::Auto;
    step.offload = plan::Offload::Off;
    step.budget = 1;
    std::vector<bool> nodes = planOf(microBatch(), step).recompute;
    if (nodes == m_passes.recompute()) return false;
    m_passes.setRecompute(std::move(nodes));
    return true;
}

/// All that can, where there is room for it.
bool Trainer::offloadMore() {
    const std::vector<bool> before = m_passes.offload(), all = plan::firstNodes(m_model.step(), m_model.step().nodes().size());
    if (before == all) return false;
    try {
        m_passes.setOffload(all, offloadFolder());
        m_passes.prepare(microBatch());
        return true;
    } catch (const Error& error) {
        if (error.code() != Code::Mem03) throw;
        m_passes.setOffload(before, offloadFolder());
        m_host.noted(position(), "warning", error.what());
        return false;
    }
}

Position Trainer::position() const {
    const std::int64_t perEpoch = m_sampler.stepsPerEpoch();
    const std::int64_t size = m_sampler.options().size;
    const std::int64_t inEpoch = m_step % perEpoch * m_sampler.options().batch;
    return {m_step, static_cast<double>(m_step) / static_cast<double>(perEpoch), m_step / perEpoch * size + inEpoch};
}

Outcome Trainer::run() {
    m_lastCheckpoint = m_lastProgress = Clock::now();
    m_samplesAtProgress = position().samples;
    m_stepper.start(m_step, m_totalSteps);
    while (!m_end && m_step < m_totalSteps) {
        oneStep();
        reportProgress();
        if (evaluationDue()) evaluateNow();
        for (const Order& order : m_host.orders()) obey(order);
        while (m_host.memoryIsShort()) m_stepper.giveWay(m_step);
        if (checkpointDue()) writeCheckpointNow();
    }
    readLosses();
    if (m_checkpointStep != m_step) writeCheckpointNow();
    return {m_end.value_or(Outcome::Kind::Completed), position(), m_trainLoss, m_metrics, sha256Of(m_model.named())};
}

void Trainer::oneStep() {
    const double rate = m_schedule.rate(m_step);
    const Stepper::Made made = stepOrSave(rate);
    if (made.applied)
        m_skippedInARow = 0;
    else
        leaveOut(rate);
    ++m_step;
    m_pending.push_back({position(), rate, made.loss, m_config.train.clipNorm > 0 ? made.norm : at::Tensor()});
    if (made.loss.is_cpu() || m_pending.size() >= kReadLossesEvery) readLosses();
}

/// Nothing that was learnt is lost where memory runs out for good.
Stepper::Made Trainer::stepOrSave(double rate) {
    try {
        return m_stepper.step(m_step, rate);
    } catch (const Error& error) {
        if (error.code() == Code::Mem01 && m_checkpointStep != m_step && !m_stepper.isTorn()) saveInNeed();
        throw;
    }
}

void Trainer::saveInNeed() {
    tensor::setMemoryBudget(0);  // the step's memory is free again, and the run ends here
    try {
        writeCheckpointNow();
    } catch (...) {
        if (!outOfMemory(std::current_exception())) throw;
        m_host.noted(position(), "warning", "There was no memory left to write a checkpoint with.");
    }
}

void Trainer::leaveOut(double rate) {
    if (m_config.train.onNan == "stop") refuseToGoOn(m_step + 1, rate);
    ++m_skipped;
    std::string text = fmt::format("Step {} was skipped: its loss or a gradient is not finite.", m_step + 1);
    if (m_config.train.onNan == "lower_rate") {
        m_schedule.setPeak(m_schedule.peak() / 2);
        text += fmt::format(" The learning rate's peak is now {:.4g}.", m_schedule.peak());
    }
    m_host.noted(position(), "warning", text);
    if (++m_skippedInARow >= kMostSkippedInARow) refuseToGoOn(m_step + 1, rate);
}

void Trainer::refuseToGoOn(std::int64_t step, double rate) const {
    const std::string remedy =
        m_checkpointStep >= 0 ? fmt::format("The last good checkpoint is of step {}. Go on from it with a lower learning rate.", m_checkpointStep)
                              : "Start again with a lower learning rate.";
    throw Error(Failure{Code::Num01, "training",
                        fmt::format("the loss became NaN or infinite at step {} (learning rate {:.4g}, {})", step, rate,
                                    m_config.train.precision),
                        {}, {}, remedy});
}

void Trainer::readLosses() {
    for (const Pending& pending : std::exchange(m_pending, {})) {
        const double loss = pending.loss.item<double>();
        m_trainLoss = loss;
        std::optional<double> norm;
        if (pending.norm.defined()) norm = pending.norm.item<double>();
        m_host.stepped({pending.at, loss, pending.rate, norm});
        if (!std::isfinite(loss) && m_config.train.onNan == "stop") refuseToGoOn(pending.at.step, pending.rate);
    }
}

void Trainer::reportProgress() {
    const Clock::time_point now = Clock::now();
    if (now - m_lastProgress < kProgressEvery && m_step != m_totalSteps) return;
    const Position at = position();
    const double seconds = std::chrono::duration<double>(now - m_lastProgress).count();
    if (seconds > 0) m_host.progressed(at, static_cast<double>(at.samples - m_samplesAtProgress) / seconds);
    m_lastProgress = now;
    m_samplesAtProgress = at.samples;
}

bool Trainer::evaluationDue() const {
    if (!m_dataset.validation) return false;
    const std::int64_t every = m_config.train.evalEvery > 0 ? m_config.train.evalEvery : m_sampler.stepsPerEpoch();
    return m_step % every == 0 || m_step == m_totalSteps;
}

/// As large as memory that training needs anyway allows.
std::int64_t Trainer::evaluationBatch() {
    const Bytes peak = m_passes.trainingPeak(std::max<std::int64_t>(microBatch(), 1));
    std::int64_t batch = microBatch();
    while (2 * batch <= kLargestEvaluationBatch && m_passes.inferencePeak(2 * batch) <= peak) batch *= 2;
    return batch;
}

/// Where memory runs out, in smaller batches: the figures are the same.
Metrics Trainer::evaluated() {
    run::TensorSet averaged;
    if (m_ema) averaged = m_model.with(m_ema->averages());
    EvaluationOptions options{m_dataset.shape.task, evaluationBatch(), m_config.loader.threads};
    for (;; options.batch = (options.batch + 1) / 2) {
        try {
            return evaluate(m_passes, m_ema ? averaged : m_model.tensors(), *m_dataset.validation, options);
        } catch (...) {
            if (options.batch == 1 || !outOfMemory(std::current_exception())) throw;
        }
        tensor::trimMemory();
        m_host.noted(position(), "memory", fmt::format("Out of memory in the evaluation: it goes on in batches of {}.", (options.batch + 1) / 2));
    }
}

void Trainer::evaluateNow() {
    readLosses();
    const auto before = Clock::now();
    m_metrics = evaluated();
    m_host.evaluated(position(), *m_metrics);
    if (m_judge.better(*m_metrics, m_step)) rememberBest();
    if (m_judge.shouldStop()) m_end = Outcome::Kind::EarlyStopping;
    m_lastProgress += Clock::now() - before;  // the rate of samples is that of training
}

/// Whether a copy fits beside the steps.
bool Trainer::roomForBest() const {
    return plan::mayKeepBest(m_model.step(), planOf(microBatch(), stepOptions()), kindOf(m_model.device()), m_budget);
}

/// A copy, written with the next checkpoint; where that comes at once, or without room for a copy, the file is written now.
void Trainer::rememberBest() {
    CheckpointContent content = StateKeeper(*this).capture();
    m_best.reset();
    if (checkpointDue() || !roomForBest()) return m_checkpoints.saveBest(content);
    try {
        m_best = content;
        for (NamedTensor& named : m_best->tensors)
            if (!named.fixed) named.tensor = named.tensor.detach().clone();
        return;
    } catch (...) {
        m_best.reset();
        if (!outOfMemory(std::current_exception())) throw;
    }
    m_checkpoints.saveBest(content);
}

void Trainer::obey(const Order& order) {
    if (order.kind == Order::Kind::Pause) m_end = Outcome::Kind::Paused;
    if (order.kind == Order::Kind::Stop) m_end = Outcome::Kind::Stopped;
    if (order.kind == Order::Kind::Checkpoint) writeCheckpointNow();
    if (order.kind == Order::Kind::LearningRate) {
        m_schedule.setPeak(order.value);
        m_host.noted(position(), "lr", fmt::format("The learning rate's peak is now {:.4g}.", order.value));
    }
    m_host.carriedOut(order);
}

bool Trainer::checkpointDue() const {
    if (m_step == m_totalSteps) return true;  // the last one is written in any case
    const auto since = Clock::now() - m_lastCheckpoint;
    if (m_config.checkpoint.everySteps > 0) return m_step % m_config.checkpoint.everySteps == 0;
    if (m_step % m_sampler.stepsPerEpoch() == 0 && since >= kLeastBetweenCheckpoints) return true;
    return m_config.checkpoint.everySeconds > 0 && since >= std::chrono::duration<double>(m_config.checkpoint.everySeconds);
}

bool Trainer::writeBest() {
    if (!m_best) return false;
    m_checkpoints.saveBest(*std::exchange(m_best, std::nullopt));
    return true;
}

void Trainer::writeCheckpointNow() {
    readLosses();  // a loss that is not finite must not reach a checkpoint
    m_host.checkpointing(position());
    // The best one first: no checkpoint names a best that is not there.
    writeBest();
    const std::filesystem::path file = m_checkpoints.save(m_step, StateKeeper(*this).capture());
    m_checkpointStep = m_step;
    m_lastCheckpoint = Clock::now();
    m_host.checkpointed(position(), file);
}

}  // namespace headroom::train
