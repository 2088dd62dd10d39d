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

bool isFloating(graph::DType type) {
    using enum graph::DType;
    return type == F32 || type == BF16 || type == F16 || type == F64;
}

/// Parameters, and all floating values that depend on one.
std::vector<bool> valuesWithGradient(const Graph& graph) {
    std::vector<bool> wants(graph.values().size(), false);
    for (const ValueId id : graph.parameters()) wants[at(id)] = true;
    for (const Node& node : graph.nodes()) {
        const bool any = std::ranges::any_of(node.inputs, [&](ValueId id) { return id != kNone && wants[at(id)]; });
        if (!any || !node.op->differentiable) continue;
        for (const ValueId id : node.outputs) wants[at(id)] = isFloating(graph.value(id).type.dtype);
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

void countUses(const Graph& graph, Precision precision, Analysis& analysis) {
    analysis.uses.assign(graph.values().size(), 0);
    for (const Node& node : graph.nodes()) {
        for (const ValueId id : node.inputs)
            if (id != kNone) ++analysis.uses[at(id)];
        for (const Saved& saved : analysis.saves[at(node.id)]) {
            const auto index = static_cast<std::size_t>(saved.index);
            if (saved.from == Saved::From::Output) ++analysis.uses[at(node.outputs[index])];
            if (saved.from == Saved::From::Input && !analysis.casts(node, index, precision))
                ++analysis.uses[at(node.inputs[index])];
        }
    }
}

}  // namespace

bool Analysis::casts(const Node& node, std::size_t input, Precision precision) const {
    return node.inputs[input] != kNone && needsCast(node, values[at(node.inputs[input])].dtype, precision);
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
            analysis.saves[at(node.id)] = node.op->saves(analysis.nodes.back(), options.device);
    }
    countUses(graph, options.precision, analysis);
    return analysis;
}

}  // namespace headroom::plan
