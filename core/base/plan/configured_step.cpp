// SPDX-License-Identifier: Apache-2.0
#include "base/plan/configured_step.h"

#include "base/plan/process_peak.h"

namespace headroom::plan {

ConfiguredStep::Recipe ConfiguredStep::recipeOf(const config::RunConfig& config) {
    return {config.model.arch, config.model.dropout, config.train.labelSmoothing, config.memory.chunkedLoss};
}

ConfiguredStep::ConfiguredStep(const config::RunConfig& config, const models::DataShape& data, graph::DeviceKind device)
    : m_data(data), m_device(device), m_recipe(recipeOf(config)), m_options(stepOptions(config, data, device)) {
    graph::Graph net = models::build(m_recipe.arch, data, {.dropout = m_recipe.dropout});
    m_parameters = net.parameterCount();
    m_graph = std::make_shared<const graph::Graph>(lossOnly(trainingGraph(std::move(net), data.task, m_recipe.labelSmoothing), config));
}

ConfiguredStep ConfiguredStep::changedTo(const config::RunConfig& config) const {
    if (recipeOf(config) != m_recipe) {
        const ConfiguredStep anew(config, m_data, m_device);
        return m_budget > 0 ? anew.within(m_budget) : anew;
    }
    ConfiguredStep other = *this;
    other.m_options = stepOptions(config, m_data, m_device);
    return m_budget > 0 ? other.within(m_budget) : other;
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

StepPlan ConfiguredStep::plan(std::int64_t effectiveBatch, std::int64_t microBatch) const {
    return plan::plan(*m_graph, options(effectiveBatch, microBatch));
}

Bytes ConfiguredStep::processPeak(const StepPlan& step) const { return plan::processPeak(*m_graph, step, m_device); }

Bytes ConfiguredStep::processNeed(const StepPlan& step, Bytes budget) const {
    return plan::processNeed(*m_graph, step, m_device, budget);
}

std::optional<std::int64_t> ConfiguredStep::largestMicroBatch(std::int64_t effectiveBatch, Bytes budget) const {
    return plan::largestMicroBatch(*m_graph, m_options, effectiveBatch, budget);
}

}  // namespace headroom::plan
