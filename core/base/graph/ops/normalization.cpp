// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kBatchAttributes = std::to_array<std::string_view>({"epsilon", "momentum"});
constexpr auto kLayerAttributes = std::to_array<std::string_view>({"axis", "epsilon", "stash_type"});
constexpr std::array kRunning{3, 4};

std::vector<TensorType> inferBatch(const NodeView& view) {
    if (inputShape(view, 0).size() < 2)
        refuseNode("input 0 has too few dimensions", toString(inputShape(view, 0)), "at least 2 needed");
    const std::int64_t channels = fixedExtent(view, 0, 1);
    for (std::size_t i = 1; i < 5; ++i) requireVector(view, i, channels);
    return {*view.inputs[0]};
}

std::vector<TensorType> inferBatchAdd(const NodeView& view) {
    if (inputShape(view, 5) != inputShape(view, 0))
        refuseNode("the summand has another shape", toString(inputShape(view, 5)), toString(inputShape(view, 0)));
    return inferBatch(view);
}

std::vector<TensorType> inferLayer(const NodeView& view) {
    const auto rank = static_cast<std::int64_t>(inputShape(view, 0).size());
    const std::int64_t axis = view.node.integer("axis", -1);
    if (rank < 1 || (axis != -1 && axis != rank - 1))
        refuseNode("only the last dimension can be normalised", fmt::format("axis {}", axis));
    const std::int64_t width = fixedExtent(view, 0, static_cast<std::size_t>(rank - 1));
    requireVector(view, 1, width);
    if (view.inputs.size() > 2 && view.inputs[2]) requireVector(view, 2, width);
    return {*view.inputs[0]};
}

std::vector<Saved> withStatistics(std::vector<Saved> saved, std::int64_t count) {
    saved.push_back(savedExtra(0, DType::F32, {count}));
    saved.push_back(savedExtra(1, DType::F32, {count}));
    return saved;
}

std::vector<Saved> savesBatch(const ResolvedNode& node, DeviceKind) {
    return withStatistics({savedInput(0), savedInput(1)}, node.inputs[1].elements());
}

std::vector<Saved> savesBatchRelu(const ResolvedNode& node, DeviceKind) {
    return withStatistics({savedInput(0), savedInput(1), savedInput(2)}, node.inputs[1].elements());
}

std::vector<Saved> savesBatchAddRelu(const ResolvedNode& node, DeviceKind) {
    return withStatistics({savedInput(0), savedInput(1), savedOutput(0)}, node.inputs[1].elements());
}

std::vector<Saved> savesFixed(const ResolvedNode&, DeviceKind) { return {savedInput(1), savedInput(4)}; }

std::vector<Saved> savesLayer(const ResolvedNode& node, DeviceKind) {
    return withStatistics({savedInput(0), savedInput(1)}, node.inputs[0].elements() / node.inputs[1].elements());
}

/// Two sums a channel in fp32.
Workspace workspace(const ResolvedNode& node, const Arithmetic&) {
    const Bytes sums = 2 * bytesInFp32(node.inputs[1]);
    return {sums, sums};
}

/// Backward: two sums a feature for each block of rows.
Workspace layerWorkspace(const ResolvedNode& node, const Arithmetic&) {
    constexpr std::int64_t kRows = 64;
    const std::int64_t rows = node.inputs[0].elements() / std::max<std::int64_t>(1, node.inputs[1].elements());
    return {0, 2 * ((rows + kRows - 1) / kRows) * bytesInFp32(node.inputs[1])};
}

Workspace fixedWorkspace(const ResolvedNode& node, const Arithmetic&) { return {0, 3 * bytesInFp32(node.inputs[1])}; }

Cost cost(const ResolvedNode& node) { return elementwiseCost(node, 5); }

std::vector<ChannelLink> batchChannels(const NodeView& view) {
    std::vector<ChannelLink> links{sameChannels(0, 1, 0, 1)};
    for (int i = 1; i < 5; ++i) links.push_back(sameChannels(i, 0, 0, 1));
    if (view.inputs.size() > 5) links.push_back(sameChannels(5, 1, 0, 1));
    return links;
}

std::vector<ChannelLink> layerChannels(const NodeView& view) {
    const int last = static_cast<int>(inputShape(view, 0).size()) - 1;
    std::vector<ChannelLink> links{sameChannels(0, last, 0, last), sameChannels(1, 0, 0, last)};
    if (view.inputs.size() > 2 && view.inputs[2]) links.push_back(sameChannels(2, 0, 0, last));
    return links;
}

}  // namespace

constinit const OpEntry kBatchNormalization{.name = "BatchNormalization",
                                            .sinceOpset = 15,
                                            .minInputs = 5,
                                            .maxInputs = 5,
                                            .attributes = kBatchAttributes,
                                            .infer = inferBatch,
                                            .saves = savesBatch,
                                            .workspace = workspace,
                                            .cost = cost,
                                            .channels = batchChannels,
                                            .updatedInputs = kRunning};

constinit const OpEntry kBatchNormRelu{.name = "BatchNormRelu",
                                       .domain = "headroom",
                                       .minInputs = 5,
                                       .maxInputs = 5,
                                       .attributes = kBatchAttributes,
                                       .infer = inferBatch,
                                       .saves = savesBatchRelu,
                                       .workspace = workspace,
                                       .cost = cost,
                                       .channels = batchChannels,
                                       .updatedInputs = kRunning};

constinit const OpEntry kBatchNormAddRelu{.name = "BatchNormAddRelu",
                                          .domain = "headroom",
                                          .minInputs = 6,
                                          .maxInputs = 6,
                                          .attributes = kBatchAttributes,
                                          .infer = inferBatchAdd,
                                          .saves = savesBatchAddRelu,
                                          .workspace = workspace,
                                          .cost = cost,
                                          .channels = batchChannels,
                                          .updatedInputs = kRunning};

constinit const OpEntry kFixedBatchNorm{.name = "FixedBatchNorm",
                                        .domain = "headroom",
                                        .minInputs = 5,
                                        .maxInputs = 5,
                                        .attributes = kBatchAttributes,
                                        .infer = inferBatch,
                                        .saves = savesFixed,
                                        .workspace = fixedWorkspace,
                                        .cost = [](const ResolvedNode& node) { return elementwiseCost(node, 2); },
                                        .channels = batchChannels};

constinit const OpEntry kLayerNormalization{.name = "LayerNormalization",
                                            .sinceOpset = 17,
                                            .minInputs = 2,
                                            .maxInputs = 3,
                                            .attributes = kLayerAttributes,
                                            .infer = inferLayer,
                                            .saves = savesLayer,
                                            .workspace = layerWorkspace,
                                            .cost = cost,
                                            .channels = layerChannels};

}  // namespace headroom::graph
