// SPDX-License-Identifier: Apache-2.0
#include "base/graph/rewrites/cached_decoder.h"

#include <algorithm>
#include <string>

#include "base/graph/op_entry.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/rewrites/copy.h"
#include "base/graph/rewrites/token_axes.h"

namespace headroom::graph {
namespace {

bool takesTokens(const Graph& net) {
    if (net.inputs().size() != 1) return false;
    const TensorType& type = net.value(net.inputs().front()).type;
    return type.dtype == DType::I64 && type.shape.size() == 2 && !type.shape[0].isFixed() && !type.shape[1].isFixed();
}

bool isDecoder(const Graph& net) {
    if (!takesTokens(net) || net.outputs().size() != 1) return false;
    if (std::ranges::none_of(net.nodes(), [](const Node& node) { return node.op == &kAttention; })) return false;
    const TokenAxes axes(net, net.inputs().front());
    return axes.areKnown() && axes.of(net.outputs().front()) == std::optional<std::size_t>(0);
}

class Caching {
public:
    explicit Caching(const Graph& net) : m_net(net), m_copy(net) {
        const Dim& sequence = shape(net.inputs().front())[1];
        m_positions = m_copy.made().addInput(unique("positions"), {DType::I64, {sequence}});
    }

    CachedDecoder run() {
        for (const Node& node : m_net.nodes()) {
            if (node.op == &kAttention)
                attention(node);
            else if (node.op == &kAddPositions)
                positions(node);
            else
                m_copy.node(node);
        }
        std::vector<ValueId> outputs{m_copy.of(m_net.outputs().front())};
        for (const ValueId id : m_kept) outputs.push_back(m_copy.of(id));
        CachedDecoder made{m_copy.finished(), m_kept};
        made.step.setOutputs(std::move(outputs));
        return made;
    }

private:
    const Shape& shape(ValueId id) const { return m_net.value(id).type.shape; }

    std::string unique(std::string name) const {
        while (m_net.find(name) != kNone) name += '_';
        return name;
    }

    ValueId past(const Node& node, std::size_t input, const char* what, std::int64_t heads, std::int64_t width) {
        const TensorType& type = m_net.value(node.inputs[input]).type;
        m_kept.push_back(node.inputs[input]);
        const Shape all{type.shape[0], Dim::fixed(heads), Dim::named("past"), Dim::fixed(width)};
        return m_copy.made().addInput(unique(node.name + what), {type.dtype, all});
    }

    void attention(const Node& node) {
        const AttentionHeads heads = attentionHeads(node, shape(node.inputs[0]), shape(node.inputs[1]), shape(node.inputs[2]));
        std::vector<ValueId> inputs{m_copy.of(node.inputs[0]), m_copy.of(node.inputs[1]), m_copy.of(node.inputs[2]), kNone};
        inputs.push_back(past(node, 1, ".past_key", heads.keys, heads.width));
        inputs.push_back(past(node, 2, ".past_value", heads.keys, heads.valueWidth));
        m_copy.put(node.outputs[0], m_copy.made().addNode(kAttention, node.name, std::move(inputs), node.attributes, node.block, node.outputCount).front());
    }

    /// The rows of the table that the tokens' places name, not its first ones.
    void positions(const Node& node) {
        Graph& made = m_copy.made();
        const ValueId rows = made.addNode(kGather, unique(node.name + ".rows"), {m_copy.of(node.inputs[1]), m_positions}, {}, node.block).front();
        m_copy.put(node.outputs[0], made.addNode(kAdd, node.name, {m_copy.of(node.inputs[0]), rows}, {}, node.block).front());
    }

    const Graph& m_net;
    Copy m_copy;
    ValueId m_positions = kNone;
    std::vector<ValueId> m_kept;
};

}  // namespace

std::optional<CachedDecoder> cachedDecoder(const Graph& net) {
    if (!isDecoder(net)) return std::nullopt;
    return Caching(net).run();
}

}  // namespace headroom::graph
