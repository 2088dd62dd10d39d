// SPDX-License-Identifier: Apache-2.0
#include "base/plan/node_figures.h"

#include <algorithm>
#include <cmath>

#include "base/plan/program.h"
#include "base/plan/roofline.h"
#include "base/plan/types.h"

namespace headroom::plan {
namespace {

using graph::kNone;
using graph::OpEntry;
using graph::ResolvedNode;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

bool isView(const ResolvedNode& node, Mode mode) {
    const OpEntry& op = *node.node.op;
    if (op.identityInInference && mode == Mode::Inference) return true;
    return op.aliasesInput && (!op.isView || op.isView(node));
}

Bytes madeBy(const ResolvedNode& node, const Program& program, graph::DeviceKind device) {
    Bytes bytes = 0;
    if (!isView(node, program.mode))
        for (const graph::ResolvedTensor& output : node.outputs) bytes += output.bytes();
    if (program.mode == Mode::Inference || !node.node.op->saves) return bytes;
    for (const graph::Saved& saved : node.node.op->saves(node, device))
        if (saved.from == graph::Saved::From::Extra) bytes += saved.extra.bytes();
    return bytes;
}

}  // namespace

std::vector<NodeFigures> nodeFigures(const graph::Graph& graph, const Program& program, const DeviceModel& device) {
    const std::vector<graph::ResolvedTensor> values = resolvedValues(graph, program.extents, program.precision);
    std::vector<NodeFigures> figures(graph.nodes().size());
    std::vector<bool> isCounted(graph.values().size(), false);
    for (const graph::Node& node : graph.nodes()) {
        const ResolvedNode resolved = resolvedNode(node, values, program.precision);
        NodeFigures& own = figures[at(node.id)];
        if (node.op->cost && !isView(resolved, program.mode)) {
            const graph::Cost cost = node.op->cost(resolved);
            own.forwardFlops = cost.forwardFlops;
            if (program.mode == Mode::Training) own.backwardFlops = cost.backwardFlops;
        }
        own.made = madeBy(resolved, program, device.kind);
        for (const graph::ValueId id : node.inputs) {
            if (id == kNone || isCounted[at(id)] || graph.value(id).kind != graph::ValueKind::Parameter) continue;
            isCounted[at(id)] = true;
            own.parameters += values[at(id)].elements();
        }
    }
    if (!device.hasRates()) return figures;
    const std::vector<double> seconds = nodeSeconds(graph, program, device);
    for (std::size_t i = 0; i < figures.size(); ++i) figures[i].seconds = seconds[i];
    return figures;
}

std::vector<NodeFigures> answerFigures(const graph::Graph& graph, const graph::Extents& extents, const DeviceModel& device) {
    LowerOptions options;
    options.mode = Mode::Inference;
    options.device = device.kind;
    options.extents = extents;
    return nodeFigures(graph, lower(graph, options), device);
}

std::int64_t multiplyAdds(const graph::Graph& graph, const graph::Extents& extents) {
    const auto values = resolvedValues(graph, extents, Precision::Fp32);
    double flops = 0;
    for (const graph::Node& node : graph.nodes())
        if (node.op->precision == graph::PrecisionClass::Lower) flops += node.op->cost(resolvedNode(node, values, Precision::Fp32)).forwardFlops;
    return std::llround(flops / 2);
}

graph::Extents everyExtent(const graph::Graph& graph, std::int64_t extent) {
    graph::Extents extents;
    for (const graph::ValueId id : graph.inputs())
        for (const graph::Dim& dim : graph.value(id).type.shape)
            if (!dim.isFixed())
                for (std::size_t from = 0; from <= dim.name.size();) {
                    const std::size_t star = std::min(dim.name.find('*', from), dim.name.size());
                    extents[dim.name.substr(from, star - from)] = extent;
                    from = star + 1;
                }
    return extents;
}

}  // namespace headroom::plan
