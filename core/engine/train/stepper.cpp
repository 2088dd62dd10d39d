// SPDX-License-Identifier: Apache-2.0
#include "engine/train/stepper.h"

#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/tensor/memory.h"
#include "engine/train/gradients.h"
#include "engine/train/out_of_memory.h"

namespace headroom::train {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<at::Tensor> placesFor(const std::vector<at::Tensor>& tensors) {
    const tensor::MemoryScope scope(plan::Kind::Other);
    std::vector<at::Tensor> places;
    for (const at::Tensor& tensor : tensors) places.push_back(at::empty_like(tensor));
    return places;
}

/// Where nothing of a step counts, its loss is 0 and its gradients are.
double termsOf(const data::Batch& batch) { return static_cast<double>(std::max<std::int64_t>(batch.terms, 1)); }

bool isFinite(const at::Tensor& scalar) { return std::isfinite(scalar.item<double>()); }

std::int64_t perRank(const data::SamplerOptions& options) { return (options.batch + options.world - 1) / options.world; }

std::string sentence(const Failure& failure) {
    std::string text = fmt::format("Out of memory at {}", failure.subject);
    if (!failure.found.empty()) text += fmt::format(" ({}, {})", failure.found, failure.allowed);
    return text;
}

}  // namespace

Stepper::Stepper(StepperParts parts, data::SamplerOptions sampler, std::int64_t wanted)
    : m_parts(std::move(parts)), m_sampler(sampler), m_micro(perRank(sampler), wanted, sampler.microBatch),
      m_buffers(m_parts.model.buffers()), m_buffersBefore(placesFor(m_buffers)) {
    for (const graph::ValueId id : m_parts.model.training().trained()) m_parameterOf.emplace(id, m_parameterOf.size());
}

void Stepper::start(std::int64_t step, std::int64_t endStep) {
    m_endStep = endStep;
    startLoader(step);
}

void Stepper::startLoader(std::int64_t step) {
    m_loader.reset();  // its batches go before others come
    m_sampler.microBatch = m_micro.size();
    data::LoaderOptions options;
    options.threads = m_parts.config.loader.threads;
    options.prefetch = m_parts.config.loader.prefetch;
    options.firstStep = step;
    options.endStep = m_endStep;
    options.draw = {static_cast<std::uint64_t>(m_parts.config.train.seed), 0, true};
    options.placement = {m_parts.passes.inputType(), m_parts.model.device().is_cuda()};
    m_loader = std::make_unique<data::Loader>(*m_parts.dataset.training, data::Sampler(m_sampler), options);
}

Stepper::Made Stepper::step(std::int64_t step, double rate) {
    for (bool clean = true;; clean = false) {
        const Clock::time_point begin = Clock::now();
        std::optional<Failure> failure;
        try {
            const Made made = attempt(rate);
            if (!made.applied) undo();
            if (clean) consider(step, std::chrono::duration<double>(Clock::now() - begin).count());
            return made;
        } catch (...) {
            failure = outOfMemory(std::current_exception());
            // Other processes would wait for this one's gradients: only a step of one process is repeated.
            if (!failure || m_sampler.world > 1 || m_isTorn) throw;
        }
        undo();
        makeRoom(step, *failure);
    }
}

Stepper::Made Stepper::attempt(double rate) {
    keepBuffers();
    if (updatesInBackward()) return attemptInBackward(rate);
    Made made;
    made.loss = accumulate();
    std::vector<at::Tensor> gradients = m_parts.model.gradients();
    if (m_parts.reduceGradients) m_parts.reduceGradients(gradients);
    const double limit = m_parts.config.train.clipNorm;
    if (limit > 0 || mayGoBack()) made.norm = globalNorm(gradients);
    // On the CPU the loss is there already: a broken step never touches the weights.
    if (made.loss.is_cpu() || mayGoBack()) made.applied = isFinite(made.loss);
    if (made.applied && mayGoBack()) made.applied = isFinite(made.norm);
    if (!made.applied) return made;
    if (limit > 0) clip(gradients, made.norm, limit);
    m_parts.optimizer.step(gradients, rate);
    if (m_parts.ema) m_parts.ema->update();
    m_parts.model.dropGradients();
    return made;
}

/// Only where one micro-batch is the whole step, and nobody else's gradients are waited for.
bool Stepper::updatesInBackward() const {
    return m_parts.config.memory.optimizerInBackward && m_micro.size() == perRank(m_sampler) && !m_parts.reduceGradients;
}

Stepper::Made Stepper::attemptInBackward(double rate) {
    const std::optional<data::Batch> batch = m_loader->next();
    const double terms = termsOf(*batch);
    Made made;
    const run::Updates updates{.begin = [&](const at::Tensor& loss) {
                                   made.loss = loss.div(terms);
                                   if (loss.is_cpu()) made.applied = isFinite(loss);
                                   if (made.applied) m_parts.optimizer.begin(rate);
                                   return m_isTorn = made.applied;
                               },
                               .update = [&](graph::ValueId id, const at::Tensor& gradient) {
                                   m_parts.optimizer.update(m_parameterOf.at(id), gradient);
                               }};
    m_parts.passes.train(m_parts.model, *batch, m_sampler.seed, 1 / terms, &updates);
    if (made.applied && m_parts.ema) m_parts.ema->update();
    m_isTorn = false;
    return made;
}

at::Tensor Stepper::accumulate() {
    at::Tensor sum;
    for (bool more = true; more;) {
        const std::optional<data::Batch> batch = m_loader->next();
        const double terms = termsOf(*batch);
        const at::Tensor loss = m_parts.passes.train(m_parts.model, *batch, m_sampler.seed, 1 / terms).div(terms);
        sum = sum.defined() ? sum.add_(loss) : loss;
        more = !batch->share.endsStep();
    }
    return sum;
}

void Stepper::keepBuffers() {
    if (!m_buffers.empty()) at::_foreach_copy_(m_buffersBefore, m_buffers);
}

void Stepper::undo() {
    m_parts.model.dropGradients();
    if (!m_buffers.empty()) at::_foreach_copy_(m_buffers, m_buffersBefore);
}

void Stepper::makeRoom(std::int64_t step, const Failure& failure) {
    m_loader.reset();
    tensor::trimMemory();
    if (m_parts.letGo && m_parts.letGo()) {
        m_parts.note("memory", fmt::format("{}: the copy of the best weights is written, step {} is repeated.", sentence(failure), step + 1));
        return startLoader(step);
    }
    const std::int64_t before = m_micro.size();
    std::string change;
    if (m_micro.shrink())
        change = fmt::format("micro-batch {} becomes {}", before, m_micro.size());
    else if (m_parts.recomputeMore && m_parts.recomputeMore())
        change = "the backward pass makes more again";
    else if (m_parts.offloadMore && m_parts.offloadMore())
        change = "what waits for the backward pass waits outside of memory";
    else
        throw Error(Failure{Code::Mem01, failure.subject, "out of memory with single samples", failure.found, failure.allowed,
                            "Raise memory.budget, train in bf16, or choose a smaller model."});
    m_parts.note("memory", fmt::format("{}: {}, step {} is repeated with the same samples.", sentence(failure), change, step + 1));
    startLoader(step);
}

void Stepper::giveWay(std::int64_t step) {
    m_loader.reset();
    tensor::trimMemory();
    const std::int64_t before = m_micro.size();
    if (m_micro.shrink())
        m_parts.note("memory", fmt::format("The machine is short of memory: micro-batch {} becomes {} from step {} on.", before,
                                           m_micro.size(), step + 1));
    startLoader(step);
}

/// Larger again, or back: what comes next is loaded in other parts.
void Stepper::consider(std::int64_t step, double seconds) {
    const std::int64_t before = m_micro.size();
    const MicroBatch::Change change = m_micro.stepped(seconds, m_parts.fits);
    if (change == MicroBatch::Change::None) return;
    m_parts.note("memory", change == MicroBatch::Change::Trial
                               ? fmt::format("Micro-batch {} is tried from step {} on, it was {}.", m_micro.size(), step + 2, before)
                               : fmt::format("Micro-batch {} again: {} was not faster.", m_micro.size(), before));
    startLoader(step + 1);
}

}  // namespace headroom::train
