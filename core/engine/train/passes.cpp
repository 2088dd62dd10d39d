// SPDX-License-Identifier: Apache-2.0
#include "engine/train/passes.h"

#include <ATen/Parallel.h>

#include "base/plan/training_step.h"
#include "base/process/processor.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"

namespace headroom::train {
namespace {

plan::Gradients gradientsBefore(const data::Share& share) {
    if (share.micro > 0) return plan::Gradients::Present;
    return share.endsStep() ? plan::Gradients::Absent : plan::Gradients::First;
}

}  // namespace

Passes::Passes(const Model& model, plan::Precision precision, std::int64_t context)
    : m_step(model.step()), m_evaluation(model.training()), m_device(model.device()), m_precision(precision), m_context(context),
      m_trainer(m_step), m_evaluator(m_evaluation) {}

void Passes::setRecompute(std::vector<bool> nodes) {
    if (nodes == m_recompute) return;
    m_recompute = std::move(nodes);
    m_programs.clear();
}

void Passes::setOffload(std::vector<bool> nodes, const std::filesystem::path& folder) {
    if (nodes == m_offload) return;
    if (!nodes.empty() && !m_store) m_store = tensor::makeOffloadStore(m_device, folder);
    m_trainer.setOffloadStore(m_store.get());
    m_offload = std::move(nodes);
    m_programs.clear();
}

void Passes::prepare(std::int64_t batch) {
    for (const auto gradients : {plan::Gradients::Absent, plan::Gradients::Present}) program(plan::Mode::Training, gradients, batch);
}

const plan::Program& Passes::program(plan::Mode mode, plan::Gradients gradients, std::int64_t batch, bool optimizerInBackward) {
    const auto key = std::tuple(mode, gradients, batch, optimizerInBackward);
    if (const auto found = m_programs.find(key); found != m_programs.end()) return found->second;
    plan::LowerOptions options;
    options.mode = mode;
    options.gradients = gradients;
    options.precision = m_precision;
    options.device = kindOf(m_device);
    options.emulatesBf16 = m_device.is_cpu() && !process::hasNativeBf16();
    options.threads = at::get_num_threads();
    options.extents = {{"batch", batch}, {"sequence", m_context}};
    options.optimizerInBackward = optimizerInBackward;
    if (mode == plan::Mode::Training) options.recompute = m_recompute, options.offload = m_offload;
    plan::Program made = plan::lower(graphOf(mode), options);
    if (made.outside > 0) m_store->reserve(made.outside);
    return m_programs.emplace(key, std::move(made)).first->second;
}

at::ScalarType Passes::inputType() {
    const plan::Program& any = program(plan::Mode::Training, plan::Gradients::Absent, 2);
    const plan::SlotId slot = any.valueSlots[static_cast<std::size_t>(m_step.inputs().front())];
    return tensor::scalarType(any.slots[static_cast<std::size_t>(slot)].tensor.dtype);
}

std::vector<at::Tensor> Passes::inputsOf(const data::Batch& batch) const {
    if (m_device.is_cpu()) return {batch.samples.input, batch.samples.target};
    const tensor::MemoryScope scope(plan::Kind::Batches);
    const auto moved = [this](const at::Tensor& tensor) { return tensor.to(m_device, /*non_blocking=*/true); };
    return {moved(batch.samples.input), moved(batch.samples.target)};
}

at::Tensor Passes::train(Model& model, const data::Batch& batch, std::uint64_t seed, double lossScale, const run::Updates* updates) {
    const plan::Program& steps = program(plan::Mode::Training, gradientsBefore(batch.share), batch.share.count, updates);
    const run::StepIdentity identity{seed, batch.step, batch.positions};
    return m_trainer.run(steps, model.tensors(), inputsOf(batch), identity, lossScale, {}, updates).front();
}

Passes::Inference Passes::infer(run::TensorSet& tensors, const data::Batch& batch) {
    const plan::Program& steps = program(plan::Mode::Inference, plan::Gradients::Absent, batch.share.count);
    const run::StepIdentity identity{0, batch.step, batch.positions};
    const std::vector<at::Tensor> kept = m_evaluator.run(steps, tensors, inputsOf(batch), identity);
    return {kept.at(0), kept.at(1)};
}

Bytes Passes::inferencePeak(std::int64_t batch) {
    return program(plan::Mode::Inference, plan::Gradients::Absent, batch).peak;
}

Bytes Passes::trainingPeak(std::int64_t batch) {
    return program(plan::Mode::Training, plan::Gradients::Absent, batch).peak;
}

}  // namespace headroom::train
