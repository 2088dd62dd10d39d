// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/embedding.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAxis = std::to_array<std::string_view>({"axis"});

std::vector<TensorType> infer(const NodeView& view) {
    const Shape &data = inputShape(view, 0), &indices = inputShape(view, 1);
    requireInteger(view, 1);
    const auto axis = static_cast<std::ptrdiff_t>(axisWithin(view.node.integer("axis", 0), data.size()));
    Shape shape(data.begin(), data.begin() + axis);
    shape.insert(shape.end(), indices.begin(), indices.end());
    shape.insert(shape.end(), data.begin() + axis + 1, data.end());
    return {{view.inputs[0]->dtype, shape}};
}

std::vector<Saved> saves(const ResolvedNode& node, DeviceKind device) {
    return gathersRows(node.node, node.inputs[0].shape.size()) ? std::vector<Saved>{savedInput(1)} : savesInputs(node, device);
}

/// The rows that are read, not the whole table; backward writes the table's gradient once.
Cost cost(const ResolvedNode& node) {
    const Bytes rows = node.outputs[0].bytes();
    return {0, static_cast<double>(node.outputs[0].elements()), 2 * rows + node.inputs[1].bytes(),
            rows + node.inputs[0].elements() * byteSize(DType::F32)};
}

std::vector<ChannelLink> channels(const NodeView& view) {
    if (!gathersRows(view.node, inputShape(view, 0).size())) return {};
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
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    if (!gathersRows(node.node, node.inputs[0].shape.size())) return segmentWorkspace(node, arithmetic);
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

std::vector<TensorType> inferPlaces(const NodeView& view) {
    const Shape& x = inputShape(view, 0);
    return {{DType::I64, {x[axisWithin(view.node.integer("axis", 0), x.size())]}}};
}

}  // namespace

bool gathersRows(const Node& node, std::size_t rank) { return rank == 2 && node.integer("axis", 0) == 0; }

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

constinit const OpEntry kPlaces{.name = "Places",
                                .domain = "headroom",
                                .attributes = kAxis,
                                .infer = inferPlaces,
                                .workspace = segmentWorkspace,
                                .cost = copyCost,
                                .differentiable = false};

}  // namespace headroom::graph
