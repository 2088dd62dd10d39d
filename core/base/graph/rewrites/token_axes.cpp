// SPDX-License-Identifier: Apache-2.0
#include "base/graph/rewrites/token_axes.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <ranges>
#include <span>
#include <string_view>

#include "base/graph/op_entry.h"
#include "base/graph/ops/binary.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/shapes.h"
#include "base/graph/ops/unary.h"

namespace headroom::graph {
namespace {

/// The axis of a node's outputs; nothing where rows are mixed, or nobody knows.
using Axis = std::optional<std::size_t>;

Axis elementByElement(const TokenAxes& tokens, const Node& node) {
    const std::size_t rank = tokens.shape(node.outputs[0]).size();
    Axis found;
    for (const ValueId id : node.inputs) {
        if (!tokens.of(id)) continue;
        const std::size_t axis = *tokens.of(id) + rank - tokens.shape(id).size();
        if (found.value_or(axis) != axis) return {};
        found = axis;
    }
    return found;
}

/// Rows of tokens with one matrix.
Axis product(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.of(node.inputs[0]);
    if (!axis || !tokens.areFree(node, 1)) return {};
    const std::size_t left = tokens.shape(node.inputs[0]).size(), right = tokens.shape(node.inputs[1]).size();
    const bool isPlain = node.integer("transA", 0) == 0 && isOneProduct(left, right) && *axis + 1 < left;
    return isPlain ? axis : Axis();
}

/// What looks at the dimensions from `axis` on, or at that one.
Axis alongChannels(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.of(node.inputs[0]);
    if (!axis || !tokens.areFree(node, 1)) return {};
    return axisWithin(node.integer("axis", -1), tokens.shape(node.inputs[0]).size()) > *axis ? axis : Axis();
}

Axis looksUp(const TokenAxes& tokens, const Node& node) {
    if (tokens.of(node.inputs[0])) return {};
    return axisWithin(node.integer("axis", 0), tokens.shape(node.inputs[0]).size()) + *tokens.of(node.inputs[1]);
}

Axis positions(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.of(node.inputs[0]);
    return axis == Axis(1) && tokens.areFree(node, 1) ? axis : Axis();
}

/// The dimensions up to that of the tokens stay, or the first two become one: any other order of rows would have the same name.
Axis regrouped(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.of(node.inputs[0]);
    const Shape &from = tokens.shape(node.inputs[0]), &to = tokens.shape(node.outputs[0]);
    if (!axis || to.empty()) return {};
    if (to.size() > *axis && std::equal(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(*axis) + 1, to.begin())) return axis;
    return *axis == 1 && to[0] == graph::product({from[0], from[1]}) ? Axis(0) : Axis();
}

Axis moved(const TokenAxes& tokens, const Node& node) {
    const std::size_t rank = tokens.shape(node.inputs[0]).size();
    std::vector<std::int64_t> reversed(rank);
    std::iota(reversed.rbegin(), reversed.rend(), 0);
    const std::vector<std::int64_t> order = node.integers("perm", reversed);
    return static_cast<std::size_t>(std::ranges::find(order, static_cast<std::int64_t>(*tokens.of(node.inputs[0]))) - order.begin());
}

Axis divided(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.of(node.inputs[0]);
    return axis && axisWithin(node.integer("axis", 0), tokens.shape(node.inputs[0]).size()) != *axis ? axis : Axis();
}

/// Queries, keys and values of the same tokens, each of which sees those before it.
Axis attended(const TokenAxes& tokens, const Node& node) {
    const Axis axis = tokens.shape(node.inputs[0]).size() == 3 ? 1 : 2;
    for (std::size_t input = 0; input < node.inputs.size(); ++input)
        if (input < 3 ? tokens.of(node.inputs[input]) != axis : node.inputs[input] != kNone) return {};
    return node.integer("is_causal", 0) != 0 && node.outputCount < 2 ? axis : Axis();
}

struct Rule {
    std::string_view name;
    Axis (*follow)(const TokenAxes&, const Node&);
};
constexpr std::array kRules{
    Rule{"Add", elementByElement}, Rule{"Gelu", elementByElement}, Rule{"Relu", elementByElement}, Rule{"Dropout", elementByElement},
    Rule{"Identity", elementByElement}, Rule{"Cast", elementByElement}, Rule{"MatMul", product}, Rule{"Linear", product}, Rule{"Gemm", product},
    Rule{"LayerNormalization", alongChannels}, Rule{"RMSNormalization", alongChannels}, Rule{"Softmax", alongChannels}, Rule{"LogSoftmax", alongChannels},
    Rule{"Gather", looksUp}, Rule{"AddPositions", positions}, Rule{"Reshape", regrouped}, Rule{"Flatten", regrouped}, Rule{"Transpose", moved},
    Rule{"Split", divided}, Rule{"Attention", attended}};

Axis follow(const TokenAxes& tokens, const Node& node) {
    for (const Rule& rule : kRules)
        if (rule.name == node.op->name) return rule.follow(tokens, node);
    for (const std::span<const OpEntry> family : {unaryOps(), binaryOps()})
        if (std::ranges::find(family, node.op->name, &OpEntry::name) != family.end()) return elementByElement(tokens, node);
    return {};
}

}  // namespace

TokenAxes::TokenAxes(const Graph& net, ValueId tokens) : m_net(net), m_axes(net.values().size()) {
    m_axes[static_cast<std::size_t>(tokens)] = 1;
    for (const Node& node : net.nodes()) {
        if (areFree(node)) continue;
        const Axis axis = follow(*this, node);
        m_known = m_known && axis;
        for (const ValueId id : node.outputs) m_axes[static_cast<std::size_t>(id)] = axis.value_or(0);
        if (!m_known) return;
    }
}

bool TokenAxes::areFree(const Node& node, std::size_t from) const {
    return std::ranges::none_of(node.inputs | std::views::drop(from), [this](ValueId id) { return of(id).has_value(); });
}

}  // namespace headroom::graph
