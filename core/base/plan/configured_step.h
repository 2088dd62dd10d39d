// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/plan/training_step.h"

namespace headroom::plan {

/// The training step that a configuration describes, but for its batch: graph and options are made once and planned as
/// often as somebody asks. Making the graph takes several times as long as planning it. A cheap value.
class ConfiguredStep {
public:
    /// Throws DAT-05 where the model does not suit the data.
    ConfiguredStep(const config::RunConfig& config, const models::DataShape& data, graph::DeviceKind device);

    /// The step of another configuration on the same data and device, within the same budget; the graph is shared where
    /// it is the same.
    ConfiguredStep changedTo(const config::RunConfig& config) const;
    /// The same step where it is to stay within `budget` bytes: for recomputation that follows the budget. Without it
    /// the configuration's own counts.
    ConfiguredStep within(Bytes budget) const;

    const graph::Graph& graph() const { return *m_graph; }
    /// Of the net without its loss.
    std::int64_t parameterCount() const { return m_parameters; }
    StepOptions options(std::int64_t effectiveBatch, std::int64_t microBatch) const;
    StepPlan plan(std::int64_t effectiveBatch, std::int64_t microBatch) const;
    /// As processPeak() and processNeed() of process_peak.h, of one of its plans.
    Bytes processPeak(const StepPlan& step) const;
    Bytes processNeed(const StepPlan& step, Bytes budget) const;
    /// As largestMicroBatch() of training_step.h.
    std::optional<std::int64_t> largestMicroBatch(std::int64_t effectiveBatch, Bytes budget) const;

private:
    /// All that decides about the graph besides the data.
    struct Recipe {
        std::string arch;
        double dropout = 0, labelSmoothing = 0;
        bool chunkedLoss = false;
        bool operator==(const Recipe&) const = default;
    };
    static Recipe recipeOf(const config::RunConfig& config);

    models::DataShape m_data;
    graph::DeviceKind m_device;
    Recipe m_recipe;
    std::int64_t m_parameters = 0;
    std::shared_ptr<const graph::Graph> m_graph;
    Bytes m_budget = 0;  ///< 0: the configuration's
    StepOptions m_options;
};

}  // namespace headroom::plan
