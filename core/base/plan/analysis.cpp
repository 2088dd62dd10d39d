// SPDX-License-Identifier: Apache-2.0
#include "base/plan/analysis.h"

#include <algorithm>
#include <ranges>

#include "base/plan/types.h"

namespace headroom::plan {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::Saved;
using graph::ValueId;
using graph::ValueKind;

namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Trained parameters, and all floating values that depend on one.
std::vector<bool> valuesWithGradient(const Graph& graph) {
    std::vector<bool> wants(graph.values().size(), false);
    for (const ValueId id : graph.trained()) wants[at(id)] = true;
    for (const Node& node : graph.nodes()) {
        const bool any = std::ranges::any_of(node.inputs, [&](ValueId id) { return id != kNone && wants[at(id)]; });
        if (!any || !node.op->differentiable) continue;
        for (const ValueId id : node.outputs) wants[at(id)] = graph::isFloating(graph.value(id).type.dtype);
    }
    return wants;
}

/// Nodes on a way from a parameter to the loss.
std::vector<bool> nodesWithBackward(const Graph& graph, const std::vector<bool>& wants, ValueId loss) {
    std::vector<bool> reaches(graph.values().size(), false);
    std::vector<bool> runs(graph.nodes().size(), false);
    reaches[at(loss)] = wants[at(loss)];
    for (const Node& node : graph.nodes() | std::views::reverse) {
        runs[at(node.id)] = std::ranges::any_of(node.outputs, [&](ValueId id) { return bool(reaches[at(id)]); });
        if (!runs[at(node.id)]) continue;
        for (const ValueId id : node.inputs)
            if (id != kNone && wants[at(id)]) reaches[at(id)] = true;
    }
    return runs;
}

/// What a node's backward reads, without factors of products that only unwanted gradients need.
std::vector<Saved> neededSaves(const graph::ResolvedNode& node, const std::vector<bool>& wants, graph::DeviceKind device) {
    std::vector<Saved> saves = node.node.op->saves(node, device);
    std::erase_if(saves, [&](const Saved& saved) { return saved.onlyFor != kNone && !wants[at(node.node.inputs[static_cast<std::size_t>(saved.onlyFor)])]; });
    return saves;
}

/// Which nodes may be made again: those asked for, but none whose output is kept.
std::vector<bool> flaggedNodes(const Graph& graph, const LowerOptions& options, const Analysis& analysis) {
    std::vector<bool> flagged(graph.nodes().size(), false);
    if (options.mode == Mode::Inference || options.recompute.empty()) return flagged;
    for (const Node& node : graph.nodes())
        flagged[at(node.id)] = options.recompute[at(node.id)] &&
                               std::ranges::none_of(node.outputs, [&](ValueId id) { return bool(analysis.kept[at(id)]); });
    return flagged;
}

/// Orders the instructions: every forward, then backward from the last node to the first, before each of them what it needs
/// and was not kept.
class Scheduling {
public:
    Scheduling(const Graph& graph, Analysis& analysis)
        : m_graph(graph), m_analysis(analysis), m_present(graph.nodes().size(), false) {}

    void run() {
        m_analysis.schedule.clear();
        m_analysis.madeAgain.assign(m_graph.nodes().size(), false);
        for (const Node& node : m_graph.nodes()) add(Instruction::What::Forward, node.id, false);
        for (const Node& node : m_graph.nodes() | std::views::reverse) {
            if (!m_analysis.runsBackward[at(node.id)]) continue;
            for (const Saved& saved : m_analysis.saves[at(node.id)]) demand(node, saved);
            add(Instruction::What::Backward, node.id, false);
        }
    }

private:
    void add(Instruction::What what, graph::NodeId node, bool again) { m_analysis.schedule.push_back({what, node, again}); }
    void demand(const Node& node, const Saved& saved) {
        if (saved.from == Saved::From::Input)
            value(node.inputs[static_cast<std::size_t>(saved.index)]);
        else
            remake(node.id);
    }
    void value(ValueId id) {
        if (id != kNone && m_graph.value(id).producer != kNone) remake(m_graph.value(id).producer);
    }
    void remake(graph::NodeId id) {
        if (!m_analysis.flagged[at(id)] || m_present[at(id)]) return;
        m_present[at(id)] = true;
        for (const ValueId input : m_graph.node(id).inputs) value(input);
        m_analysis.madeAgain[at(id)] = true;
        add(Instruction::What::Forward, id, true);
    }

    const Graph& m_graph;
    Analysis& m_analysis;
    std::vector<bool> m_present;  ///< by NodeId: made again already
};

class Counting {
public:
    Counting(const Graph& graph, Precision precision, Analysis& analysis)
        : m_graph(graph), m_precision(precision), m_analysis(analysis) {
        m_analysis.uses.assign(graph.values().size(), 0);
        m_analysis.usesAgain.assign(graph.values().size(), 0);
    }
    void run() {
        for (const Scheduled& each : m_analysis.schedule) {
            const Node& node = m_graph.node(each.node);
            if (each.what == Instruction::What::Backward)
                saves(node);
            else
                for (const ValueId id : node.inputs)
                    if (id != kNone) ++(each.again ? later(id) : m_analysis.uses[at(id)]);
        }
    }

private:
    /// The count of the life that an instruction after the forward pass reads.
    int& later(ValueId id) {
        const graph::NodeId producer = m_graph.value(id).producer;
        return producer != kNone && m_analysis.madeAgain[at(producer)] ? m_analysis.usesAgain[at(id)] : m_analysis.uses[at(id)];
    }
    void saves(const Node& node) {
        for (const Saved& saved : m_analysis.saves[at(node.id)]) {
            const auto index = static_cast<std::size_t>(saved.index);
            if (saved.from == Saved::From::Output) ++later(node.outputs[index]);
            if (saved.from == Saved::From::Input && !m_analysis.casts(node, index, m_precision)) ++later(node.inputs[index]);
        }
    }

    const Graph& m_graph;
    const Precision m_precision;
    Analysis& m_analysis;
};

}  // namespace

bool Analysis::casts(const Node& node, std::size_t input, Precision precision) const {
    return node.inputs[input] != kNone && needsCast(node, values[at(node.inputs[input])].dtype, precision);
}

bool Analysis::recasts(const Graph& graph, const Node& node, std::size_t input) const {
    return flagged[at(node.id)] && graph.value(node.inputs[input]).kind == ValueKind::Parameter;
}

Analysis analyse(const Graph& graph, const LowerOptions& options) {
    Analysis analysis;
    analysis.values = resolvedValues(graph, options.extents, options.precision);
    analysis.kept.assign(graph.values().size(), false);
    for (const ValueId id : graph.outputs()) analysis.kept[at(id)] = true;
    for (const ValueId id : options.keep) analysis.kept[at(id)] = true;
    analysis.wantsGradient = valuesWithGradient(graph);
    analysis.runsBackward.assign(graph.nodes().size(), false);
    if (options.mode == Mode::Training)
        analysis.runsBackward = nodesWithBackward(graph, analysis.wantsGradient, graph.outputs().front());

    analysis.nodes.reserve(graph.nodes().size());
    analysis.saves.resize(graph.nodes().size());
    for (const Node& node : graph.nodes()) {
        analysis.nodes.push_back(resolvedNode(node, analysis.values, options.precision));
        if (analysis.runsBackward[at(node.id)] && node.op->saves)
            analysis.saves[at(node.id)] = neededSaves(analysis.nodes.back(), analysis.wantsGradient, options.device);
    }
    schedule(graph, options, analysis);
    return analysis;
}

void schedule(const Graph& graph, const LowerOptions& options, Analysis& analysis) {
    analysis.flagged = flaggedNodes(graph, options, analysis);
    Scheduling(graph, analysis).run();
    Counting(graph, options.precision, analysis).run();
}

}  // namespace headroom::plan
