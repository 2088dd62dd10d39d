// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/onnx_types.h"
#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAttributes = std::to_array<std::string_view>(
    {"is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision"});
constexpr std::int64_t kLongestBatched = 256;
constexpr std::int64_t kEfficientRows = 32;  // the CUDA kernel pads its statistics to whole blocks of rows
constexpr std::size_t kMask = 3, kPastKey = 4, kPastValue = 5;

struct Extents4 {
    std::int64_t batch, heads, queries, keys, width, valueWidth;
};

AttentionHeads headsOf(const ResolvedNode& node) {
    return attentionHeads(node.node, node.inputs[0].shape, node.inputs[1].shape, node.inputs[2].shape);
}

Extents4 extentsOf(const ResolvedNode& node) {
    const auto& q = node.inputs[0].shape;
    const AttentionHeads heads = headsOf(node);
    const std::size_t sequence = heads.sequenceAxis();
    const bool hasPast = node.inputs.size() > kPastKey && node.inputs[kPastKey].shape.size() == 4;
    const std::int64_t past = hasPast ? node.inputs[kPastKey].shape[2] : 0;
    return {q[0], heads.queries, q[sequence], past + node.inputs[1].shape[sequence], heads.width, heads.valueWidth};
}

// --- shapes

AttentionHeads requireHeads(const NodeView& view) {
    const Shape& q = inputShape(view, 0);
    const int rank = static_cast<int>(q.size());
    if (rank != 3 && rank != 4) refuseNode("the queries have another number of dimensions", toString(q), "3 or 4 needed");
    const Shape &k = inputShape(view, 1, rank), &v = inputShape(view, 2, rank);
    for (std::size_t input = 0; input < 3; ++input)
        for (const std::size_t dim : rank == 3 ? std::vector<std::size_t>{2} : std::vector<std::size_t>{1, 3}) fixedExtent(view, input, dim);
    const std::int64_t told = view.node.integer("q_num_heads", 0), toldKeys = view.node.integer("kv_num_heads", 0);
    if (rank == 3 && (told < 1 || toldKeys < 1)) refuseNode("the numbers of heads do not fit", fmt::format("{} and {}", told, toldKeys));
    const AttentionHeads heads = attentionHeads(view.node, q, k, v);
    const bool differs = (told > 0 && told != heads.queries) || (toldKeys > 0 && toldKeys != heads.keys) || (rank == 4 && v[1] != k[1]);
    if (differs || heads.queries < 1 || heads.keys < 1 || heads.queries % heads.keys != 0)
        refuseNode("the numbers of heads do not fit", fmt::format("{} and {}", heads.queries, heads.keys));
    if (rank == 3 && (heads.width * heads.queries != q[2].extent || heads.valueWidth * heads.keys != v[2].extent))
        refuseNode("the width does not divide into heads", toString(q), fmt::format("{} heads", heads.queries));
    const std::size_t sequence = heads.sequenceAxis();
    const bool fits = rank == 3 ? k[2].extent == heads.width * heads.keys : k[3].extent == heads.width;
    if (!fits || k[0] != q[0] || v[0] != q[0] || k[sequence] != v[sequence])
        refuseNode("keys and values do not fit the queries", toString(k), toString(q));
    return heads;
}

/// The extent of two dimensions one after the other: "past+sequence" where one is named.
Dim sum(const Dim& a, const Dim& b) {
    if (a.isFixed() && b.isFixed()) return Dim::fixed(a.extent + b.extent);
    if (a.name.find('*') != std::string::npos || b.name.find('*') != std::string::npos)
        refuseNode("a product of named dimensions cannot be added to", toString({a}), toString({b}));
    const auto term = [](const Dim& dim) { return dim.isFixed() ? fmt::format("{}", dim.extent) : dim.name; };
    return Dim::named(term(a) + "+" + term(b));
}

/// Keys in all: those of the cache and the new ones.
Dim requirePast(const NodeView& view, const AttentionHeads& heads) {
    const Dim& fresh = inputShape(view, 1)[heads.sequenceAxis()];
    if (!hasInput(view, kPastKey) && !hasInput(view, kPastValue)) return fresh;
    const Shape &key = inputShape(view, kPastKey, 4), &value = inputShape(view, kPastValue, 4);
    const Dim &batch = inputShape(view, 0)[0], count = Dim::fixed(heads.keys);
    if (key != Shape{batch, count, key[2], Dim::fixed(heads.width)} || value != Shape{batch, count, key[2], Dim::fixed(heads.valueWidth)})
        refuseNode("the cache does not fit the keys and values", toString(key), toString(value));
    return sum(key[2], fresh);
}

void requireMask(const NodeView& view, const Shape& scores) {
    if (!hasInput(view, kMask)) return;
    const TensorType& mask = *view.inputs[kMask];
    if (mask.dtype != DType::Bool && !isFloating(mask.dtype)) refuseNode("a mask is of truth values or floating", std::string(name(mask.dtype)));
    if (broadcast(scores, mask.shape) != scores) refuseNode("the mask does not fit", toString(mask.shape), toString(scores));
}

void requireAttributes(const Node& node) {
    const std::int64_t mode = node.integer("qk_matmul_output_mode", 0);
    if (mode < 0 || mode > 3) refuseNode("unknown qk_matmul_output_mode", fmt::format("{}", mode), "0 to 3 allowed");
    const std::int64_t precision = node.integer("softmax_precision", onnxType(DType::F32));
    const std::optional<DType> type = typeOfOnnx(static_cast<int>(precision));
    if (!type || !isFloating(*type)) refuseNode("the softmax's element type is not floating", fmt::format("{}", precision));
    if (node.real("softcap", 0) < 0) refuseNode("the softcap is negative", fmt::format("{}", node.real("softcap", 0)));
    if (node.real("scale", 1) < 0) refuseNode("the scale is negative", fmt::format("{}", node.real("scale", 1)));
}

std::vector<TensorType> infer(const NodeView& view) {
    requireAttributes(view.node);
    const AttentionHeads heads = requireHeads(view);
    const Shape& q = inputShape(view, 0);
    const DType type = view.inputs[0]->dtype, valueType = view.inputs[2]->dtype;
    const Dim &batch = q[0], &length = q[heads.sequenceAxis()], total = requirePast(view, heads);
    const Shape scores{batch, Dim::fixed(heads.queries), length, total};
    requireMask(view, scores);
    const Shape y = heads.packed ? Shape{batch, length, Dim::fixed(heads.queries * heads.valueWidth)}
                                 : Shape{batch, Dim::fixed(heads.queries), length, Dim::fixed(heads.valueWidth)};
    const auto present = [&](std::int64_t width) { return Shape{batch, Dim::fixed(heads.keys), total, Dim::fixed(width)}; };
    std::vector<TensorType> types{{type, y}, {type, present(heads.width)}, {valueType, present(heads.valueWidth)}, {type, scores}};
    types.resize(static_cast<std::size_t>(std::clamp(view.node.outputCount, 1, 4)));
    return types;
}

// --- memory and costs

Saved statistics(const ResolvedNode& node, std::int64_t rows) {
    const Extents4 e = extentsOf(node);
    return savedExtra(0, DType::F32, {e.batch, e.heads, rows});
}

std::vector<Saved> saves(const ResolvedNode& node, DeviceKind device) {
    const AttentionAlgorithm algorithm = attentionAlgorithm(node, device);
    if (algorithm == AttentionAlgorithm::Composed) return savesInputs(node, device);
    std::vector<Saved> saved{savedInput(0), savedInput(1), savedInput(2)};
    const Extents4 e = extentsOf(node);
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

/// Scratch for one head a thread, in fp32.
Workspace byHeadWorkspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const Extents4 e = extentsOf(node);
    const Bytes thread = arithmetic.threads * byteSize(DType::F32);
    const std::int64_t scores = 2 * e.queries * e.keys;
    return {thread * (scores + 2 * (e.queries + e.keys) * e.width), thread * (scores + (3 * e.queries + 4 * e.keys) * e.width)};
}

/// At most four tensors of scores at a time forward; the segment holds what each of up to ten steps made. By heads after a cache, the
/// cache is copied where it does not lie by tokens.
Workspace composedWorkspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const Extents4 e = extentsOf(node);
    const Bytes scores = e.batch * e.heads * e.queries * e.keys * std::max(byteSize(node.inputs[0].dtype), byteSize(DType::F32));
    const Bytes moved = inputBytes(node) + outputBytes(node);
    const Bytes byHead = isPlainAfterCache(node) ? moved + byHeadWorkspace(node, arithmetic).forward : 0;
    return {std::max(2 * moved + 4 * scores, byHead), 4 * moved + 10 * scores};
}

/// Flash and Efficient gather the heads.
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const AttentionAlgorithm algorithm = attentionAlgorithm(node, arithmetic.device);
    if (algorithm == AttentionAlgorithm::Composed) return composedWorkspace(node, arithmetic);
    if (algorithm != AttentionAlgorithm::Batched) return {inputBytes(node) + outputBytes(node), inputBytes(node) + outputBytes(node)};
    return byHeadWorkspace(node, arithmetic);
}

/// Two products forward, four backward (flash attention repeats one); what a mask hides is not taken off.
Cost cost(const ResolvedNode& node) {
    const Extents4 e = extentsOf(node);
    const double scores = static_cast<double>(e.batch * e.heads * e.queries * e.keys);
    const double forward = scores * (2.0 * static_cast<double>(e.width + e.valueWidth) + 5);
    const Bytes moved = inputBytes(node) + outputBytes(node);
    return {forward, 2 * forward, moved, 2 * moved};
}

/// Of grouped heads and of heads in a dimension of their own none are told: nothing is taken out of them.
std::vector<ChannelLink> channels(const NodeView& view) {
    const AttentionHeads heads = attentionHeads(view.node, inputShape(view, 0), inputShape(view, 1), inputShape(view, 2));
    std::vector<ChannelLink> links;
    if (!heads.packed || heads.queries != heads.keys || hasInput(view, kPastKey)) return links;
    for (int input = 0; input < 3; ++input) links.push_back({ChannelLink::Kind::Splits, input, 2, 0, 2, heads.queries});
    return links;
}

/// But for what comes besides queries, keys and values.
bool isPlainForm(const ResolvedNode& resolved) {
    const Node& node = resolved.node;
    const AttentionHeads heads = headsOf(resolved);
    const bool asUsual = node.real("softcap", 0) == 0 && node.integer("softmax_precision", onnxType(DType::F32)) == onnxType(DType::F32);
    return heads.packed && heads.queries == heads.keys && heads.width == heads.valueWidth && node.outputCount < 2 && asUsual;
}

bool isPlain(const ResolvedNode& resolved) {
    const std::vector<ValueId>& inputs = resolved.node.inputs;
    return isPlainForm(resolved) && std::all_of(inputs.begin() + 3, inputs.end(), [](ValueId id) { return id == kNone; });
}

}  // namespace

bool isPlainAfterCache(const ResolvedNode& resolved) {
    const std::vector<ValueId>& inputs = resolved.node.inputs;
    return isPlainForm(resolved) && inputs.size() > kPastValue && inputs[kMask] == kNone;
}

AttentionHeads attentionHeads(const Node& node, const std::vector<std::int64_t>& q, const std::vector<std::int64_t>& k,
                              const std::vector<std::int64_t>& v) {
    if (q.size() == 4) return {false, q[1], k[1], q[3], v[3]};
    const std::int64_t queries = std::max<std::int64_t>(1, node.integer("q_num_heads", 1)), keys = std::max<std::int64_t>(1, node.integer("kv_num_heads", 1));
    return {true, queries, keys, q[2] / queries, v[2] / keys};
}

AttentionHeads attentionHeads(const Node& node, const Shape& q, const Shape& k, const Shape& v) {
    const auto extents = [](const Shape& shape) {
        std::vector<std::int64_t> numbers;
        for (const Dim& dim : shape) numbers.push_back(dim.extent);
        return numbers;
    };
    return attentionHeads(node, extents(q), extents(k), extents(v));
}

AttentionAlgorithm attentionAlgorithm(const ResolvedNode& node, DeviceKind device) {
    if (!isPlain(node)) return AttentionAlgorithm::Composed;
    if (device == DeviceKind::Cuda)
        return node.inputs[0].dtype == DType::F32 ? AttentionAlgorithm::Efficient : AttentionAlgorithm::Flash;
    return node.inputs[1].shape[1] <= kLongestBatched ? AttentionAlgorithm::Batched : AttentionAlgorithm::Flash;
}

constinit const OpEntry kAttention{.name = "Attention",
                                   .sinceOpset = 23,
                                   .minInputs = 3,
                                   .maxInputs = 6,
                                   .outputs = 4,
                                   .attributes = kAttributes,
                                   .precision = PrecisionClass::Lower,
                                   .infer = infer,
                                   .saves = saves,
                                   .workspace = workspace,
                                   .cost = cost,
                                   .channels = channels};

}  // namespace headroom::graph
