// SPDX-License-Identifier: Apache-2.0
#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/plan/training_step.h"
#include "base/process/available_memory.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "engine/train/gradients.h"
#include "engine/train/state_keeper.h"

namespace headroom::train {
namespace {

using namespace std::chrono_literals;
constexpr auto kProgressEvery = 250ms;
constexpr auto kLeastBetweenCheckpoints = 5s;  // at the ends of short epochs
constexpr std::int64_t kMostSkippedInARow = 100;
constexpr std::int64_t kLargestEvaluationBatch = 1024;
constexpr std::size_t kReadLossesEvery = 16;  // on devices that a reader has to wait for

plan::Precision precisionOf(const config::RunConfig& config) {
    return config.train.precision == "bf16" ? plan::Precision::Bf16 : plan::Precision::Fp32;
}

Judge::Figure figureOf(models::Task task) {
    if (task == models::Task::Classification) return Judge::Figure::Accuracy;
    return task == models::Task::Regression ? Judge::Figure::R2 : Judge::Figure::Loss;
}

std::vector<at::Tensor> copies(std::vector<at::Tensor> tensors) {
    for (at::Tensor& tensor : tensors) tensor = tensor.clone();
    return tensors;
}

}  // namespace

Trainer::Trainer(const config::RunConfig& config, const data::Dataset& dataset, TrainerOptions options, Host& host)
    : m_config(config),
      m_dataset(dataset),
      m_options(std::move(options)),
      m_host(host),
      m_checkpoints(m_options.checkpoints),
      m_restored(m_options.resume ? m_checkpoints.newest() : std::nullopt),
      m_model(config, dataset.shape, m_options.devices.front()),
      m_passes(m_model, precisionOf(config), dataset.shape.context),
      m_optimizer(makeOptimizer(config.train.optimizer, m_model.parameters())),
      m_sampler(makeSampler()),
      m_totalSteps(config::totalSteps(config, m_sampler.stepsPerEpoch())),
      m_schedule(Schedule::make(config.train, m_totalSteps)),
      m_judge(figureOf(dataset.shape.task), config.train.earlyStopping),
      m_environment(train::environment(m_options.devices.front(), config.train.precision, m_options.world)) {
    tensor::setMemoryBudget(config::memoryBudget(config).value_or(0));
    if (config.train.ema > 0) m_ema.emplace(m_model.weights(), m_model.buffers(), config.train.ema);
    if (m_restored) StateKeeper(*this).restore(*std::exchange(m_restored, std::nullopt));
}

Trainer::~Trainer() = default;

data::Sampler Trainer::makeSampler() const {
    data::SamplerOptions options;
    options.size = m_dataset.training->size();
    options.batch = m_config.train.batchSize;
    // A resumed run keeps the micro-batch it had: another one adds the same numbers in another order.
    options.microBatch = m_restored ? StateKeeper::microBatch(m_restored->content) : chosenMicroBatch();
    options.seed = static_cast<std::uint64_t>(m_config.train.seed);
    options.rank = m_options.rank;
    options.world = m_options.world;
    return data::Sampler(options);
}

/// On CUDA nobody but the driver knows what is free: without a budget the whole batch is tried.
std::int64_t Trainer::chosenMicroBatch() const {
    const graph::DeviceKind device = kindOf(m_model.device());
    const Bytes available = device == graph::DeviceKind::Cpu ? process::availableMemory() : std::numeric_limits<Bytes>::max();
    return plan::microBatchFor(m_config, m_model.training(), plan::stepOptions(m_config, m_dataset.shape, device), available);
}

data::Loader Trainer::makeLoader() {
    data::LoaderOptions options;
    options.threads = m_config.loader.threads;
    options.prefetch = m_config.loader.prefetch;
    options.firstStep = m_step;
    options.endStep = m_totalSteps;
    options.draw = {static_cast<std::uint64_t>(m_config.train.seed), 0, true};
    options.placement = {m_passes.inputType(), m_model.device().is_cuda()};
    return data::Loader(*m_dataset.training, m_sampler, options);
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
    data::Loader loader = makeLoader();
    while (!m_end && m_step < m_totalSteps) {
        oneStep(loader);
        reportProgress();
        if (evaluationDue()) evaluateNow();
        for (const Order& order : m_host.orders()) obey(order);
        if (checkpointDue()) writeCheckpointNow();
    }
    readLosses();
    if (m_checkpointStep != m_step) writeCheckpointNow();
    return {m_end.value_or(Outcome::Kind::Completed), position(), m_trainLoss, m_metrics, sha256Of(m_model.named())};
}

at::Tensor Trainer::accumulate(data::Loader& loader) {
    at::Tensor sum;
    for (bool more = true; more;) {
        const std::optional<data::Batch> batch = loader.next();
        const auto terms = static_cast<double>(batch->share.effective * m_dataset.training->termsPerSample());
        const at::Tensor loss = m_passes.train(m_model, *batch, m_sampler.options().seed, 1 / terms).div(terms);
        sum = sum.defined() ? sum.add_(loss) : loss;
        more = !batch->share.endsStep();
    }
    return sum;
}

void Trainer::oneStep(data::Loader& loader) {
    const bool mayGoBack = m_config.train.onNan == "skip";
    const std::vector<at::Tensor> buffersBefore = mayGoBack ? copies(m_model.buffers()) : std::vector<at::Tensor>();
    const at::Tensor loss = accumulate(loader);
    std::vector<at::Tensor> gradients = m_model.gradients();
    if (m_options.reduceGradients) m_options.reduceGradients(gradients);
    at::Tensor norm;
    if (m_config.train.clipNorm > 0 || mayGoBack) norm = globalNorm(gradients);
    const double rate = m_schedule.rate(m_step);
    if (mayGoBack && !(std::isfinite(loss.item<double>()) && std::isfinite(norm.item<double>()))) {
        skip(buffersBefore);
    } else {
        // On the CPU the loss is there already: a broken step never touches the weights.
        if (loss.is_cpu() && !std::isfinite(loss.item<double>())) refuseToGoOn(m_step + 1, rate);
        update(gradients, norm, rate);
    }
    m_model.dropGradients();
    ++m_step;
    m_pending.push_back({position(), rate, loss, m_config.train.clipNorm > 0 ? norm : at::Tensor()});
    if (loss.is_cpu() || m_pending.size() >= kReadLossesEvery) readLosses();
}

void Trainer::update(std::vector<at::Tensor>& gradients, const at::Tensor& norm, double rate) {
    if (m_config.train.clipNorm > 0) clip(gradients, norm, m_config.train.clipNorm);
    m_optimizer->step(gradients, rate);
    if (m_ema) m_ema->update();
    m_skippedInARow = 0;
}

void Trainer::skip(const std::vector<at::Tensor>& buffersBefore) {
    const std::vector<at::Tensor> buffers = m_model.buffers();
    for (std::size_t i = 0; i < buffers.size(); ++i) buffers[i].copy_(buffersBefore[i]);
    ++m_skipped;
    m_host.noted(position(), "warning", fmt::format("Step {} was skipped: its loss or a gradient is not finite.", m_step + 1));
    if (++m_skippedInARow >= kMostSkippedInARow) refuseToGoOn(m_step + 1, m_schedule.rate(m_step));
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
        if (!std::isfinite(loss) && m_config.train.onNan != "skip") refuseToGoOn(pending.at.step, pending.rate);
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

void Trainer::evaluateNow() {
    readLosses();
    const auto before = Clock::now();
    run::TensorSet averaged;
    if (m_ema) averaged = m_model.with(m_ema->averages());
    const EvaluationOptions options{m_dataset.shape.task, evaluationBatch(), m_config.loader.threads};
    m_metrics = evaluate(m_passes, m_ema ? averaged : m_model.tensors(), *m_dataset.validation, options);
    m_host.evaluated(position(), *m_metrics);
    if (m_judge.better(*m_metrics, m_step)) {
        m_best = StateKeeper(*this).capture();
        for (NamedTensor& named : m_best->tensors) named.tensor = named.tensor.detach().clone();
    }
    if (m_judge.shouldStop()) m_end = Outcome::Kind::EarlyStopping;
    m_lastProgress += Clock::now() - before;  // the rate of samples is that of training
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
    const auto since = Clock::now() - m_lastCheckpoint;
    if (m_config.checkpoint.everySteps > 0) return m_step % m_config.checkpoint.everySteps == 0;
    if (m_step % m_sampler.stepsPerEpoch() == 0 && since >= kLeastBetweenCheckpoints) return true;
    return m_config.checkpoint.everySeconds > 0 && since >= std::chrono::duration<double>(m_config.checkpoint.everySeconds);
}

void Trainer::writeCheckpointNow() {
    readLosses();  // a loss that is not finite must not reach a checkpoint
    m_host.checkpointing(position());
    // The best one first: no checkpoint names a best that is not there.
    if (m_best) m_checkpoints.saveBest(*std::exchange(m_best, std::nullopt));
    const std::filesystem::path file = m_checkpoints.save(m_step, StateKeeper(*this).capture());
    m_checkpointStep = m_step;
    m_lastCheckpoint = Clock::now();
    m_host.checkpointed(position(), file);
}

}  // namespace headroom::train
