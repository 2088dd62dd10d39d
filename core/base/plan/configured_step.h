// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "base/plan/planner.h"
#include "base/plan/training_step.h"

namespace headroom::plan {

/// The training step that a configuration describes, but for its batch: graph and options are made once and planned as
/// often as somebody asks. Making the graph takes several times as long as planning it. A cheap value.
class ConfiguredStep {
public:
    /// Throws as netOf().
    ConfiguredStep(const config::RunConfig& config, models::Basis basis, graph::DeviceKind device);

    /// The step of another configuration on the same data and device, within the same budget; the graph is shared where
    /// it is the same.
    ConfiguredStep changedTo(const config::RunConfig& config) const;
    /// The same step where it is to stay within `budget` bytes: for recomputation that follows the budget. Without it
    /// the configuration's own counts.
    ConfiguredStep within(Bytes budget) const;
    /// The same, where it and all steps that are changed from it remember what they found, on one thread: for searches, which
    /// ask for much that is alike.
    ConfiguredStep remembering() const;

    /// Of the net without its loss.
    std::int64_t parameterCount() const { return m_net->parameters; }
    const graph::Graph& graph() const { return m_net->graph; }
    StepOptions options(std::int64_t effectiveBatch, std::int64_t microBatch) const;
    StepPlan plan(std::int64_t effectiveBatch, std::int64_t microBatch, Owners owners = Owners::Named) const;
    /// As processPeak() of process_peak.h, of one of its plans.
    Bytes processPeak(const StepPlan& step) const;
    /// Of the plan that plan() would return, without making it where that is known.
    Bytes peak(std::int64_t effectiveBatch, std::int64_t microBatch) const;
    Bytes processPeak(std::int64_t effectiveBatch, std::int64_t microBatch) const;
    Bytes processNeed(std::int64_t effectiveBatch, std::int64_t microBatch, Bytes budget) const;
    /// As largestMicroBatch() of training_step.h.
    std::optional<std::int64_t> largestMicroBatch(std::int64_t effectiveBatch, Bytes budget) const;

private:
    /// All that decides about the graph besides the data.
    struct Recipe {
        config::RunConfig::Model model;
        std::string freeze;
        double labelSmoothing = 0;
        bool cacheFeatures = false, chunkedLoss = false;

        auto parts() const {
            const config::RunConfig::Lora& lora = model.lora;
            return std::tie(model.arch, model.dropout, model.width, model.layers, model.heads, model.context, model.file, model.output, model.head,
                            lora.rank, lora.alpha, lora.dropout, lora.targets, freeze, labelSmoothing, cacheFeatures, chunkedLoss);
        }
        bool operator==(const Recipe& other) const { return parts() == other.parts(); }
        bool operator<(const Recipe& other) const { return parts() < other.parts(); }
    };
    struct Net {
        graph::Graph graph;
        std::int64_t parameters = 0;
    };
    /// What a search has found, by graph.
    struct Memory {
        std::map<Recipe, std::shared_ptr<const Net>> nets;
        std::map<const Net*, Planner> planners;
    };
    std::shared_ptr<const Net> netOf(const config::RunConfig& config) const;
    template <class Asked>
    auto asked(const Asked& question) const;
    static Recipe recipeOf(const config::RunConfig& config);

    models::Basis m_basis;
    graph::DeviceKind m_device;
    Recipe m_recipe;
    std::shared_ptr<Memory> m_memory;  ///< null: nothing is remembered
    std::shared_ptr<const Net> m_net;
    Bytes m_budget = 0;  ///< 0: the configuration's
    StepOptions m_options;
};

}  // namespace headroom::plan
