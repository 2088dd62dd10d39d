// SPDX-License-Identifier: Apache-2.0
#include "base/plan/configured_step.h"

#include <utility>

#include "base/plan/process_peak.h"

namespace headroom::plan {

ConfiguredStep::Recipe ConfiguredStep::recipeOf(const config::RunConfig& config) {
    return {config.model, config.train.freeze, config.train.labelSmoothing, config.train.cacheFeatures, config.memory.chunkedLoss};
}

ConfiguredStep::ConfiguredStep(const config::RunConfig& config, models::Basis basis, graph::DeviceKind device)
    : m_basis(std::move(basis)), m_device(device), m_recipe(recipeOf(config)), m_net(netOf(config)), m_options(stepOptions(config, m_basis.shape, device)) {}

std::shared_ptr<const ConfiguredStep::Net> ConfiguredStep::netOf(const config::RunConfig& config) const {
    graph::Graph net = plan::netOf(config, m_basis);
    const std::int64_t parameters = net.parameterCount();
    return std::make_shared<const Net>(
        Net{lossOnly(trainingGraph(trainedPart(std::move(net), config), m_basis.shape.task, config.train.labelSmoothing), config), parameters});
}

ConfiguredStep ConfiguredStep::changedTo(const config::RunConfig& config) const {
    ConfiguredStep other = *this;
    other.m_options = stepOptions(config, m_basis.shape, m_device);
    other.m_recipe = recipeOf(config);
    if (other.m_recipe != m_recipe) {
        std::shared_ptr<const Net> known = m_memory ? m_memory->nets[other.m_recipe] : nullptr;
        other.m_net = known ? known : netOf(config);
        if (m_memory) m_memory->nets[other.m_recipe] = other.m_net;
    }
    return m_budget > 0 ? other.within(m_budget) : other;
}

ConfiguredStep ConfiguredStep::remembering() const {
    ConfiguredStep other = *this;
    other.m_memory = std::make_shared<Memory>();
    other.m_memory->nets[m_recipe] = m_net;
    return other;
}

/// The answer of the planner that remembers, else of one for this question.
template <class Asked>
auto ConfiguredStep::asked(const Asked& question) const {
    if (m_memory) return question(m_memory->planners.try_emplace(m_net.get(), m_net->graph).first->second);
    Planner planner(m_net->graph);
    return question(planner);
}

ConfiguredStep ConfiguredStep::within(Bytes budget) const {
    ConfiguredStep other = *this;
    other.m_budget = other.m_options.budget = budget;
    return other;
}

StepOptions ConfiguredStep::options(std::int64_t effectiveBatch, std::int64_t microBatch) const {
    StepOptions step = m_options;
    divide(step, effectiveBatch, microBatch);
    return step;
}

StepPlan ConfiguredStep::plan(std::int64_t effectiveBatch, std::int64_t microBatch, Owners owners) const {
    return asked([&](Planner& planner) { return planner.plan(options(effectiveBatch, microBatch), owners); });
}

Bytes ConfiguredStep::processPeak(const StepPlan& step) const { return plan::processPeak(graph(), step, m_device); }

Bytes ConfiguredStep::peak(std::int64_t effectiveBatch, std::int64_t microBatch) const {
    return asked([&](Planner& planner) { return planner.peak(options(effectiveBatch, microBatch)); });
}

Bytes ConfiguredStep::processPeak(std::int64_t effectiveBatch, std::int64_t microBatch) const {
    return asked([&](Planner& planner) { return planner.processPeak(options(effectiveBatch, microBatch)); });
}

Bytes ConfiguredStep::processNeed(std::int64_t effectiveBatch, std::int64_t microBatch, Bytes budget) const {
    return asked([&](Planner& planner) { return planner.processNeed(options(effectiveBatch, microBatch), budget); });
}

std::optional<std::int64_t> ConfiguredStep::largestMicroBatch(std::int64_t effectiveBatch, Bytes budget) const {
    return asked([&](Planner& planner) { return plan::largestMicroBatch(planner, m_options, effectiveBatch, budget); });
}

}  // namespace headroom::plan
