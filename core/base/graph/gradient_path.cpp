// SPDX-License-Identifier: Apache-2.0
#include "base/graph/gradient_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"

namespace headroom::graph {
namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// By ValueId: what the first output is made of; `gradients`: through operators that gradients pass alone.
std::vector<bool> behindOutput(const Graph& graph, bool gradients) {
    std::vector<bool> reached(graph.values().size(), false);
    reached[at(graph.outputs().front())] = true;
    for (const Node& node : graph.nodes() | std::views::reverse) {
        const bool read = std::ranges::any_of(node.outputs, [&](ValueId id) { return bool(reached[at(id)]); });
        if (!read || (gradients && !node.op->differentiable)) continue;
        for (const ValueId id : node.inputs)
            if (id != kNone) reached[at(id)] = true;
    }
    return reached;
}

/// By ValueId: whether a parameter without a gradient is in it.
std::vector<bool> madeOfLost(const Graph& graph, const std::vector<bool>& all, const std::vector<bool>& passed) {
    std::vector<bool> lost(graph.values().size(), false);
    for (const ValueId id : graph.trained()) lost[at(id)] = all[at(id)] && !passed[at(id)];
    for (const Node& node : graph.nodes())
        if (std::ranges::any_of(node.inputs, [&](ValueId id) { return id != kNone && lost[at(id)]; }))
            for (const ValueId id : node.outputs) lost[at(id)] = true;
    return lost;
}

}  // namespace

void requireGradients(const Graph& graph) {
    const std::vector<bool> all = behindOutput(graph, false), passed = behindOutput(graph, true), lost = madeOfLost(graph, all, passed);
    std::vector<std::string> nodes;
    for (const Node& node : graph.nodes()) {
        if (node.op->differentiable) continue;
        const bool isRead = std::ranges::any_of(node.outputs, [&](ValueId id) { return bool(passed[at(id)]); });
        const bool blocks = std::ranges::any_of(node.inputs, [&](ValueId id) { return id != kNone && lost[at(id)]; });
        if (isRead && blocks) nodes.push_back(fmt::format("{} ({})", escaped(node.name), node.op->name));
    }
    if (nodes.empty()) return;
    throw Error(Failure{Code::Cfg09, graph.name, "no gradient passes some nodes, so what lies behind them cannot be trained",
                        fmt::format("{}", fmt::join(nodes, ", ")), {}, "Train the part behind them, or use the model as it is."});
}

}  // namespace headroom::graph
