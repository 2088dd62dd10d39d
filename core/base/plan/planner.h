// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "base/plan/assembly.h"
#include "base/plan/pool_model.h"
#include "base/plan/recompute.h"

namespace headroom::plan {

/// Plans steps of one graph for whoever asks about many. What several of them have in common is found once: the analysis of
/// a micro-batch, what making again costs, and of every step that was planned what it takes. Of the programs themselves
/// nothing stays. Belongs to one thread.
class Planner {
public:
    explicit Planner(const graph::Graph& graph);

    /// As the functions of these names in step_plan.h and process_peak.h, of the step that these options describe.
    StepPlan plan(const StepOptions& options, Owners owners = Owners::Named);
    Bytes peak(const StepOptions& options);
    Bytes processPeak(const StepOptions& options);
    Bytes processNeed(const StepOptions& options, Bytes budget);
    bool fits(const StepOptions& options, Bytes budget) { return processNeed(options, budget) <= budget; }

    const graph::Graph& graph() const { return m_graph; }

private:
    /// What the instructions of a micro-batch depend on, besides the placement.
    using MicroBatch = std::tuple<Precision, graph::DeviceKind, bool, int, graph::Extents>;
    /// All else that a step depends on: further micro-batches, updates within the backward pass, what stays beside.
    using Beside = std::tuple<bool, bool, bool, bool, std::int64_t, bool, Bytes>;
    struct Basis {
        Analysis analysis;
        std::optional<Reckoning> reckoning;
    };
    /// What is known of a step without its optimizer's state, which is there all the time.
    struct Outline {
        Bytes peak = 0, activationsAtPeak = 0;
        std::optional<PoolUse> pools;  ///< where somebody asked
    };
    class Quickest;

    static MicroBatch microBatchOf(const StepOptions& options);
    Beside besideOf(const StepOptions& options) const;
    Bytes stateOf(const StepOptions& options) const;
    /// Scheduled for what is made again.
    Basis& basisOf(const StepOptions& options, const std::vector<bool>& recompute);
    const Reckoning& reckoningOf(const StepOptions& options);
    double shareMadeAgain(const StepOptions& options, const std::vector<bool>& recompute);
    /// With pools where the tensors, state and all, take no more than `room`.
    const Outline& outlineOf(const StepOptions& options, const Placement& placement, Bytes room);
    Bytes needOf(const StepOptions& options, const Placement& placement, Bytes budget);

    const Placement& placementOf(const StepOptions& options);
    Placement placed(const StepOptions& options);
    std::vector<bool> madeAgain(const StepOptions& options, const std::vector<bool>& offload);
    std::vector<bool> fewestOut(const StepOptions& options, const std::vector<bool>& recompute);

    const graph::Graph& m_graph;
    std::vector<std::int64_t> m_elements;  ///< of the parameters
    std::map<MicroBatch, Basis> m_bases;
    std::map<std::tuple<MicroBatch, Beside, Placement>, Outline> m_outlines;
    std::map<std::tuple<MicroBatch, Beside, Bytes, Recompute, Offload, Bytes>, Placement> m_placements;
};

}  // namespace headroom::plan
