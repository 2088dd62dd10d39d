// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/embedding.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAxis = std::to_array<std::string_view>({"axis"});

std::vector<TensorType> infer(const NodeView& view) {
    if (view.node.integer("axis", 0) != 0) refuseNode("only rows can be gathered", "axis other than 0");
    requireInteger(view, 1);
    Shape shape = inputShape(view, 1);
    shape.push_back(inputShape(view, 0, 2)[1]);
    return {{view.inputs[0]->dtype, shape}};
}

std::vector<Saved> saves(const ResolvedNode&, DeviceKind) { return {savedInput(1)}; }

/// The rows that are read, not the whole table; backward writes the table's gradient once.
Cost cost(const ResolvedNode& node) {
    const Bytes rows = node.outputs[0].bytes();
    return {0, static_cast<double>(node.outputs[0].elements()), 2 * rows + node.inputs[1].bytes(),
            rows + node.inputs[0].elements() * byteSize(DType::F32)};
}

std::vector<ChannelLink> channels(const NodeView& view) {
    return {sameChannels(0, 1, 0, static_cast<int>(inputShape(view, 1).size()))};
}

std::vector<TensorType> inferPositions(const NodeView& view) {
    const Shape& x = inputShape(view, 0, 3);
    const Shape& table = inputShape(view, 1, 2);
    if (x[2] != table[1]) refuseNode("the table has another width", toString(table), toString(x));
    if (x[1].isFixed() && table[0].isFixed() && x[1].extent > table[0].extent)
        refuseNode("the sequence is longer than the context", fmt::format("{}", x[1].extent),
                   fmt::format("at most {} allowed", table[0].extent));
    return {*view.inputs[0]};
}

/// In bf16 the rows are read in fp32 first.
Workspace workspace(const ResolvedNode& node, const Arithmetic&) {
    return {node.outputs[0].dtype == DType::BF16 ? bytesInFp32(node.outputs[0]) : 0, 0};
}

/// In bf16 the sum is made in fp32, and so is the table's gradient from all samples.
Workspace positionsWorkspace(const ResolvedNode& node, const Arithmetic&) {
    const Bytes table = node.inputs[1].bytes(), wide = bytesInFp32(node.outputs[0]);
    if (node.outputs[0].dtype != DType::BF16) return {0, table};
    return {wide + node.outputs[0].bytes(), wide + table};
}

Cost positionsCost(const ResolvedNode& node) { return elementwiseCost(node, 1); }

std::vector<ChannelLink> positionsChannels(const NodeView&) {
    return {sameChannels(0, 2, 0, 2), sameChannels(1, 1, 0, 2)};
}

}  // namespace

constinit const OpEntry kGather{.name = "Gather",
                                .sinceOpset = 13,
                                .minInputs = 2,
                                .maxInputs = 2,
                                .attributes = kAxis,
                                .infer = infer,
                                .saves = saves,
                                .workspace = workspace,
                                .cost = cost,
                                .channels = channels};

constinit const OpEntry kAddPositions{.name = "AddPositions",
                                      .domain = "headroom",
                                      .minInputs = 2,
                                      .maxInputs = 2,
                                      .infer = inferPositions,
                                      .workspace = positionsWorkspace,
                                      .cost = positionsCost,
                                      .channels = positionsChannels,
                                      .sharesGradient = true};

}  // namespace headroom::graph
