// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/attention.h"

#include <fmt/format.h>

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAttributes = std::to_array<std::string_view>({"is_causal", "kv_num_heads", "q_num_heads", "scale"});
constexpr std::int64_t kLongestBatched = 256;
constexpr std::int64_t kEfficientRows = 32;  // the CUDA kernel pads its statistics to whole blocks of rows

struct Extents4 {
    std::int64_t batch, heads, queries, keys, width;
};

Extents4 extentsOf(const ResolvedNode& node) {
    const auto& q = node.inputs[0].shape;
    const std::int64_t heads = node.node.integer("q_num_heads", 1);
    return {q[0], heads, q[1], node.inputs[1].shape[1], q[2] / heads};
}

std::vector<TensorType> infer(const NodeView& view) {
    const std::int64_t heads = view.node.integer("q_num_heads", 0);
    const std::int64_t keyHeads = view.node.integer("kv_num_heads", 0);
    if (heads < 1 || heads != keyHeads)
        refuseNode("the numbers of heads do not fit", fmt::format("{} and {}", heads, keyHeads));
    const Shape& q = inputShape(view, 0, 3);
    if (inputShape(view, 1, 3) != inputShape(view, 2, 3) || inputShape(view, 1)[2] != q[2])
        refuseNode("keys and values do not fit the queries", toString(inputShape(view, 1)), toString(q));
    if (fixedExtent(view, 0, 2) % heads != 0)
        refuseNode("the width does not divide into heads", toString(q), fmt::format("{} heads", heads));
    return {{view.inputs[0]->dtype, q}};
}

Saved statistics(const ResolvedNode& node, std::int64_t rows) {
    const Extents4 e = extentsOf(node);
    return savedExtra(0, DType::F32, {e.batch, e.heads, rows});
}

std::vector<Saved> saves(const ResolvedNode& node, DeviceKind device) {
    std::vector<Saved> saved{savedInput(0), savedInput(1), savedInput(2)};
    const Extents4 e = extentsOf(node);
    const AttentionAlgorithm algorithm = attentionAlgorithm(node, device);
    if (algorithm == AttentionAlgorithm::Batched) {
        saved.push_back(savedExtra(0, node.inputs[0].dtype, {e.batch, e.heads, e.queries, e.keys}));
        return saved;
    }
    saved.push_back(savedOutput(0));
    const bool padded = algorithm == AttentionAlgorithm::Efficient;
    saved.push_back(
        statistics(node, padded ? (e.queries + kEfficientRows - 1) / kEfficientRows * kEfficientRows : e.queries));
    return saved;
}

/// Batched: scratch for one head a thread, in fp32. The others gather the heads.
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const Extents4 e = extentsOf(node);
    if (attentionAlgorithm(node, arithmetic.device) != AttentionAlgorithm::Batched)
        return {inputBytes(node) + outputBytes(node), inputBytes(node) + outputBytes(node)};
    const Bytes thread = arithmetic.threads * byteSize(DType::F32);
    const std::int64_t scores = 2 * e.queries * e.keys;
    return {thread * (scores + 2 * (e.queries + e.keys) * e.width), thread * (scores + (3 * e.queries + 4 * e.keys) * e.width)};
}

/// Two products forward, four backward (flash attention repeats one); a causal mask is not taken off.
Cost cost(const ResolvedNode& node) {
    const Extents4 e = extentsOf(node);
    const double scores = static_cast<double>(e.batch * e.heads * e.queries * e.keys);
    const double forward = scores * (4.0 * static_cast<double>(e.width) + 5);
    const Bytes moved = inputBytes(node) + outputBytes(node);
    return {forward, 2 * forward, moved, 2 * moved};
}

std::vector<ChannelLink> channels(const NodeView& view) {
    const std::int64_t heads = view.node.integer("q_num_heads", 1);
    std::vector<ChannelLink> links;
    for (int input = 0; input < 3; ++input) links.push_back({ChannelLink::Kind::Splits, input, 2, 0, 2, heads});
    return links;
}

}  // namespace

AttentionAlgorithm attentionAlgorithm(const ResolvedNode& node, DeviceKind device) {
    if (device == DeviceKind::Cuda)
        return node.inputs[0].dtype == DType::F32 ? AttentionAlgorithm::Efficient : AttentionAlgorithm::Flash;
    return node.inputs[1].shape[1] <= kLongestBatched ? AttentionAlgorithm::Batched : AttentionAlgorithm::Flash;
}

constinit const OpEntry kAttention{.name = "Attention",
                                   .sinceOpset = 23,
                                   .minInputs = 3,
                                   .maxInputs = 3,
                                   .attributes = kAttributes,
                                   .precision = PrecisionClass::Lower,
                                   .infer = infer,
                                   .saves = saves,
                                   .workspace = workspace,
                                   .cost = cost,
                                   .channels = channels};

}  // namespace headroom::graph
