// SPDX-License-Identifier: Apache-2.0
#include "base/plan/planner.h"

#include <limits>
#include <utility>

#include "base/plan/process_peak.h"

namespace headroom::plan {
namespace {

constexpr int kAttempts = 8;       // of the reckoning to meet the plan
constexpr Bytes kPrecision = 100;  // share of the activations to which the smallest choice is sought

std::vector<bool> allNodes(const graph::Graph& graph) { return firstNodes(graph, graph.nodes().size()); }

}  // namespace

Planner::Planner(const graph::Graph& graph) : m_graph(graph) {
    for (const graph::ValueId id : graph.trained())
        m_elements.push_back(graph::elementCount(graph::resolved(graph.value(id).type.shape, {})));
}

// --- what was asked for and found

Planner::MicroBatch Planner::microBatchOf(const StepOptions& options) {
    return {options.precision, options.device, options.emulatesBf16, options.threads, options.extents};
}

Planner::Beside Planner::besideOf(const StepOptions& options) const {
    const bool several = options.microBatches > 1;
    return {several, options.optimizerInBackward && !several, options.ema, options.undo, options.batchesAhead,
            options.keepsBest, options.keepsBest ? optimizerBytes(options.optimizer, m_elements) : 0};
}

/// A copy of the best weights holds it too: then it is part of the outline.
Bytes Planner::stateOf(const StepOptions& options) const {
    return options.keepsBest ? 0 : optimizerBytes(options.optimizer, m_elements);
}

Planner::Basis& Planner::basisOf(const StepOptions& options, const std::vector<bool>& recompute) {
    const auto [found, isNew] = m_bases.try_emplace(microBatchOf(options));
    const LowerOptions lowering = loweringOf(options, {recompute, {}});
    Basis& basis = found->second;
    if (isNew)
        basis.analysis = analyse(m_graph, lowering);
    else
        schedule(m_graph, lowering, basis.analysis);
    return basis;
}

const Reckoning& Planner::reckoningOf(const StepOptions& options) {
    Basis& basis = basisOf(options, {});
    if (!basis.reckoning) basis.reckoning.emplace(m_graph, loweringOf(options, {}), basis.analysis);
    return *basis.reckoning;
}

double Planner::shareMadeAgain(const StepOptions& options, const std::vector<bool>& recompute) {
    return reckoningOf(options).shareMadeAgain(basisOf(options, recompute).analysis);
}

const Planner::Outline& Planner::outlineOf(const StepOptions& options, const Placement& placement, Bytes room) {
    Outline& outline = m_outlines[{microBatchOf(options), besideOf(options), placement}];
    const Bytes state = stateOf(options);
    if (outline.peak > 0 && (outline.pools || outline.peak + state > room)) return outline;
    StepOptions stateless = options;
    if (!options.keepsBest) stateless.optimizer = {.moments = 0, .hasCounter = false};
    const Analysis& analysis = basisOf(options, placement.recompute).analysis;
    Program last = lastMicroBatch(m_graph, stateless, placement, analysis, Owners::LeftOut);
    outline.peak = last.peak + total(heldBeside(m_graph, stateless, last));
    outline.activationsAtPeak = last.atPeak[static_cast<std::size_t>(Kind::Activations)];
    if (outline.peak + state > room) return outline;
    const bool several = options.microBatches > 1;
    Program first = several ? firstMicroBatch(m_graph, stateless, placement, analysis, Owners::LeftOut) : std::move(last);
    outline.pools = poolUse(assembled(m_graph, stateless, std::move(first), several ? std::move(last) : Program(), placement));
    return outline;
}

Bytes Planner::needOf(const StepOptions& options, const Placement& placement, Bytes budget) {
    const Bytes fixed = fixedPart(m_graph, options.device), room = budget - fixed, state = stateOf(options);
    const Outline& outline = outlineOf(options, placement, room);
    const Bytes tensors = outline.peak + state;
    return tensors > room ? tensors + fixed : plan::processPeak(m_graph, tensors, outline.pools->beside(state), options.device);
}

StepPlan Planner::plan(const StepOptions& options, Owners owners) {
    const Placement& placement = placementOf(options);
    const Analysis& analysis = basisOf(options, placement.recompute).analysis;
    Program first = firstMicroBatch(m_graph, options, placement, analysis, owners), next;
    if (options.microBatches > 1) next = lastMicroBatch(m_graph, options, placement, analysis, owners);
    return assembled(m_graph, options, std::move(first), std::move(next), placement);
}

Bytes Planner::peak(const StepOptions& options) {
    return outlineOf(options, placementOf(options), 0).peak + stateOf(options);
}

Bytes Planner::processNeed(const StepOptions& options, Bytes budget) { return needOf(options, placementOf(options), budget); }

Bytes Planner::processPeak(const StepOptions& options) { return processNeed(options, std::numeric_limits<Bytes>::max()); }

// --- what does not wait in memory

const Placement& Planner::placementOf(const StepOptions& options) {
    const bool follows = options.recompute == Recompute::Auto || options.offload == Offload::Auto;
    const auto [found, isNew] = m_placements.try_emplace({microBatchOf(options), besideOf(options), stateOf(options), options.recompute,
                                                          options.offload, follows ? options.budget : 0});
    if (isNew) found->second = placed(options);
    return found->second;
}

/// Where both follow the budget, things are made again first, and what that leaves beyond it goes out.
Placement Planner::placed(const StepOptions& options) {
    Placement placement;
    if (options.offload == Offload::Activations) placement.offload = allNodes(m_graph);
    placement.recompute = madeAgain(options, placement.offload);
    const bool isAsked = options.offload == Offload::Auto && options.budget > 0;
    if (isAsked && needOf(options, placement, options.budget) > options.budget) placement.offload = fewestOut(options, placement.recompute);
    return placement;
}

/// Of the choices that stay within the budget the one that makes least again; where none does, the smallest.
class Planner::Quickest {
public:
    Quickest(Planner& planner, const StepOptions& options, const std::vector<bool>& offload)
        : m_planner(planner), m_options(options), m_offload(offload), m_least(needOf({})) {}

    std::vector<bool> run() {
        const Bytes plain = m_least;
        if (plain <= m_options.budget) return {};
        consider(cheapNodes(m_planner.m_graph));
        consider(blockNodes(m_planner.m_graph));
        const Bytes activations = m_planner.outlineOf(m_options, {{}, m_offload}, 0).activationsAtPeak;
        meetBudget(m_options.budget - (plain - activations));
        if (m_least > m_options.budget) findSmallest(activations);
        return std::move(m_best);
    }

private:
    Bytes needOf(const std::vector<bool>& nodes) { return m_planner.needOf(m_options, {nodes, m_offload}, m_options.budget); }

    Bytes consider(const std::vector<bool>& nodes) {
        const Bytes need = needOf(nodes);
        const double share = m_planner.shareMadeAgain(m_options, nodes);
        const bool bestFits = m_least <= m_options.budget;
        if (need <= m_options.budget ? !bestFits || share < m_share : need < m_least) {
            m_best = nodes;
            m_least = need;
            m_share = share;
        }
        return need;
    }

    void meetBudget(Bytes room) {
        for (int attempt = 0; attempt < kAttempts && room > 0; ++attempt) {
            const std::vector<bool> nodes = m_planner.reckoningOf(m_options).cheapestNodes(room);
            if (nodes.empty()) return;
            const Bytes excess = consider(nodes) - m_options.budget;
            if (excess <= 0) return;
            room -= excess + excess / 8;  // the reckoning was too hopeful by that much
        }
    }

    /// Where the reckoning just finds any choice.
    void findSmallest(Bytes activations) {
        for (Bytes none = 0, some = activations; some - none > activations / kPrecision;) {
            const Bytes room = none + (some - none) / 2;
            const std::vector<bool> nodes = m_planner.reckoningOf(m_options).cheapestNodes(room);
            (nodes.empty() ? none : some) = room;
            if (!nodes.empty()) consider(nodes);
        }
    }

    Planner& m_planner;
    const StepOptions& m_options;
    const std::vector<bool>& m_offload;
    std::vector<bool> m_best;
    Bytes m_least;
    double m_share = std::numeric_limits<double>::infinity();
};

std::vector<bool> Planner::madeAgain(const StepOptions& options, const std::vector<bool>& offload) {
    switch (options.recompute) {
        case Recompute::Off: return {};
        case Recompute::Cheap: return cheapNodes(m_graph);
        case Recompute::Blocks: return blockNodes(m_graph);
        case Recompute::Auto: break;
    }
    return options.budget > 0 ? Quickest(*this, options, offload).run() : std::vector<bool>();
}

/// The fewest first nodes whose absence keeps the step within the budget, by bisection; all of them where none do.
std::vector<bool> Planner::fewestOut(const StepOptions& options, const std::vector<bool>& recompute) {
    std::size_t tooFew = 0, enough = m_graph.nodes().size();
    const auto isEnough = [&](std::size_t count) {
        return needOf(options, {recompute, firstNodes(m_graph, count)}, options.budget) <= options.budget;
    };
    if (!isEnough(enough)) {
        const Bytes all = outlineOf(options, {recompute, allNodes(m_graph)}, 0).peak, none = outlineOf(options, {recompute, {}}, 0).peak;
        return all < none ? allNodes(m_graph) : std::vector<bool>();
    }
    while (enough - tooFew > 1) {
        const std::size_t middle = (tooFew + enough) / 2;
        (isEnough(middle) ? enough : tooFew) = middle;
    }
    return firstNodes(m_graph, enough);
}

}  // namespace headroom::plan
