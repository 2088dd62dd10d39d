// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run/whole_step.h"

#include <algorithm>
#include <filesystem>

#include "base/models/freezing.h"
#include "base/plan/training_step.h"

namespace headroom::test {
namespace {

constexpr double kRate = 1e-3;

config::RunConfig configured(const WholeStep::Options& options) {
    config::RunConfig config;
    config.train = options.train;
    config.memory = options.memory;
    config.loader.threads = 0;
    return config;
}

/// As training runs it: nobody reads the logits.
Net netOf(const WholeStep::Options& options) {
    Net net = makeNet(options.net, options.batch / options.microBatches, options.small);
    net.graph = plan::lossOnly(std::move(net.graph), configured(options));
    models::freeze(net.graph, options.train.freeze);
    return net;
}

plan::StepPlan planOf(const Net& net, const WholeStep::Options& options) {
    plan::StepOptions step = plan::stepOptions(configured(options), {});
    step.undo = false;
    step.extents = net.extents;
    step.microBatches = options.microBatches;
    return plan::plan(net.graph, step);
}

std::unique_ptr<tensor::OutsideMemory> outsideOf(const WholeStep::Options& options) {
    return options.memory.offloadOptimizer ? tensor::makeOutsideMemory(at::kCPU, std::filesystem::temp_directory_path()) : nullptr;
}

}  // namespace

WholeStep::WholeStep(const Options& options)
    : m_options(options), m_net(netOf(options)),
      m_planned(planOf(m_net, options)), m_tensors(initialised(m_net.graph, 1, plan::precisionOf(configured(options)))),
      m_optimizer(train::makeOptimizer(options.train.optimizer, parameters(), 0, outsideOf(options))), m_executor(m_net.graph),
      m_store(tensor::makeOffloadStore(at::kCPU, std::filesystem::temp_directory_path())) {
    m_store->reserve(std::max(m_planned.first.outside, m_planned.next.outside));
    m_executor.setOffloadStore(m_store.get());
    for (const graph::ValueId id : m_net.graph.trained()) m_places.emplace(id, m_places.size());
}

std::vector<train::Parameter> WholeStep::parameters() const {
    std::vector<train::Parameter> all;
    for (const graph::ValueId id : m_net.graph.trained())
        all.push_back({m_net.graph.value(id).name, m_tensors.values[static_cast<std::size_t>(id)]});
    return all;
}

void WholeStep::passes(std::int64_t step, const Observer& observer) {
    const run::Updates updates{.begin = [this](const at::Tensor&) { return m_optimizer->begin(kRate), true; },
                               .update = [this](graph::ValueId id, const at::Tensor& gradient) { m_optimizer->update(m_places.at(id), gradient); }};
    for (std::int64_t micro = 0; micro < m_options.microBatches; ++micro) {
        const plan::Stage stage = micro == 0 ? plan::Stage::First : plan::Stage::Next;
        const plan::Program& program = micro == 0 ? m_planned.first : m_planned.next;
        m_executor.run(program, m_tensors, madeUpInputs(m_net, m_net.graph, program), {1, step, {}}, 1 / static_cast<double>(m_options.batch),
                       [&](std::size_t i) { if (observer) observer(stage, i); }, &updates);
    }
}

void WholeStep::update() {
    if (m_options.memory.optimizerInBackward && m_options.microBatches == 1) return;
    std::vector<at::Tensor> gradients;
    for (const graph::ValueId id : m_net.graph.trained()) gradients.push_back(m_tensors.gradients[static_cast<std::size_t>(id)]);
    m_optimizer->step(gradients, kRate);
    for (at::Tensor& gradient : m_tensors.gradients) gradient.reset();
}

}  // namespace headroom::test
