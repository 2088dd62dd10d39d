// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/reduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kReduce = std::to_array<std::string_view>({"keepdims", "noop_with_empty_axes"});
constexpr auto kArg = std::to_array<std::string_view>({"axis", "keepdims", "select_last_index"});
constexpr auto kAxis = std::to_array<std::string_view>({"axis"});
constexpr auto kCumulative = std::to_array<std::string_view>({"exclusive", "reverse"});
constexpr std::array kSecond{1};

Shape without(const Shape& shape, const std::vector<std::size_t>& axes, bool keep) {
    Shape out;
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        const bool gone = std::ranges::count(axes, dim) > 0;
        if (!gone) out.push_back(shape[dim]);
        if (gone && keep) out.push_back(Dim::fixed(1));
    }
    return out;
}

std::vector<TensorType> inferReduce(const NodeView& view) {
    const Shape& shape = inputShape(view, 0);
    const std::vector<std::size_t> axes = hasInput(view, 1) ? axesWithin(numbersOf(view, 1), shape.size()) : std::vector<std::size_t>{};
    if (axes.empty() && view.node.integer("noop_with_empty_axes", 0) != 0) return {*view.inputs[0]};
    std::vector<std::size_t> all(shape.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return {{view.inputs[0]->dtype, without(shape, axes.empty() ? all : axes, view.node.integer("keepdims", 1) != 0)}};
}

std::vector<TensorType> inferArg(const NodeView& view) {
    const Shape& shape = inputShape(view, 0);
    const std::size_t axis = axisWithin(view.node.integer("axis", 0), shape.size());
    return {{DType::I64, without(shape, {axis}, view.node.integer("keepdims", 1) != 0)}};
}

std::vector<TensorType> inferAlong(const NodeView& view) {
    axisWithin(view.node.integer("axis", -1), inputShape(view, 0).size());
    return {*view.inputs[0]};
}

std::vector<TensorType> inferCumulative(const NodeView& view) {
    const std::vector<std::int64_t>& axis = numbersOf(view, 1);
    if (axis.size() != 1) refuseNode("one axis is needed", fmt::format("{}", axis.size()));
    axisWithin(axis[0], inputShape(view, 0).size());
    return {*view.inputs[0]};
}

Cost reduceCost(const ResolvedNode& node) {
    const double forward = static_cast<double>(node.inputs[0].elements());
    const Bytes moved = inputBytes(node) + outputBytes(node);
    return {forward, forward, moved, moved};
}

std::vector<Saved> savesOutput(const ResolvedNode&, DeviceKind) { return {savedOutput(0)}; }

constexpr OpEntry reduce(std::string_view name, int since) {
    return {.name = name, .sinceOpset = since, .minInputs = 1, .maxInputs = 2, .attributes = kReduce, .constantInputs = kSecond,
            .infer = inferReduce, .saves = savesInputs, .workspace = segmentWorkspace, .cost = reduceCost};
}
constexpr OpEntry arg(std::string_view name) {
    return {.name = name, .sinceOpset = 13, .attributes = kArg, .infer = inferArg, .workspace = segmentWorkspace, .cost = reduceCost,
            .differentiable = false};
}
constexpr OpEntry along(std::string_view name, bool differentiable) {
    return {.name = name, .sinceOpset = 13, .attributes = kAxis, .infer = inferAlong, .saves = savesOutput, .workspace = segmentWorkspace,
            .cost = tenFlops, .channels = sameDimensions, .differentiable = differentiable};
}

constinit const std::array kOps{
    reduce("ReduceL1", 18), reduce("ReduceL2", 18), reduce("ReduceLogSum", 18), reduce("ReduceLogSumExp", 18), reduce("ReduceMax", 20),
    reduce("ReduceMean", 18), reduce("ReduceMin", 20), reduce("ReduceProd", 18), reduce("ReduceSum", 13), reduce("ReduceSumSquare", 18),
    arg("ArgMax"), arg("ArgMin"), along("Softmax", true), along("LogSoftmax", true), along("Hardmax", false),
    OpEntry{.name = "CumSum", .sinceOpset = 14, .minInputs = 2, .maxInputs = 2, .attributes = kCumulative, .constantInputs = kSecond,
            .infer = inferCumulative, .saves = savesInputs, .workspace = segmentWorkspace, .cost = oneFlop, .channels = sameDimensions}};

}  // namespace

std::span<const OpEntry> reductionOps() { return kOps; }

}  // namespace headroom::graph
