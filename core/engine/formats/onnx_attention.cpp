// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "base/graph/onnx_types.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/attention.h"
#include "engine/formats/onnx_emitter.h"

namespace headroom::formats {
namespace {

using graph::AttentionScores;
using graph::Node;
using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

constexpr std::size_t kMask = 3, kPastKey = 4, kPastValue = 5;
constexpr std::size_t kPresentKey = 1, kPresentValue = 2, kScores = 3;
constexpr double kNever = -std::numeric_limits<double>::infinity();

/// One node's attention (base/graph/ops/attention.h) as products, a softmax and what is between.
class Attention {
public:
    Attention(OnnxEmitter& out, const Node& node)
        : m_out(out), m_node(node), m_heads(graph::attentionHeads(node, out.shapeOf(node, 0), out.shapeOf(node, 1), out.shapeOf(node, 2))) {}

    void write() {
        const std::string value = withPast(2, "v", kPastValue, kPresentValue);
        const std::string weights = probabilities(masked(capped(products())));
        if (!m_heads.packed) return m_out.makeOutput(m_node, 0, "MatMul", {weights, forEachQuery("v_groups", value, m_heads.valueWidth)});
        const std::string mixed = step("mixed", "MatMul", {weights, forEachQuery("v_groups", value, m_heads.valueWidth)});
        const std::string turned = step("turned", "Transpose", {mixed}, {{"perm", Numbers{0, 2, 1, 3}}});
        m_out.makeOutput(m_node, 0, "Reshape", {turned, m_out.numbers(m_node, "joined", {0, 0, m_heads.queries * m_heads.valueWidth})});
    }

private:
    std::string step(std::string_view part, std::string op, Names inputs, graph::Attributes attributes = {}) {
        return m_out.step(m_node, part, std::move(op), std::move(inputs), std::move(attributes));
    }
    /// A number of the queries' element type.
    std::string real(const std::string& part, double number) {
        const std::string single = m_out.real(m_node, part, number);
        const graph::DType type = m_out.typeOf(m_node, 0);
        return type == graph::DType::F32 ? single : cast(part + "_typed", single, graph::onnxType(type));
    }
    std::string cast(const std::string& part, const std::string& value, std::int64_t type) { return step(part, "Cast", {value}, {{"to", type}}); }

    /// Heads in a dimension of their own; `order` from [b, t, heads, width].
    std::string byHead(std::size_t input, const std::string& part, std::int64_t heads, Numbers order) {
        if (!m_heads.packed) {
            if (order == Numbers{0, 2, 1, 3}) return m_out.input(m_node, input);
            return step(part, "Transpose", {m_out.input(m_node, input)}, {{"perm", Numbers{0, 1, 3, 2}}});
        }
        const std::int64_t width = m_out.shapeOf(m_node, input)[2].extent / heads;
        const std::string parts = step(part + "_heads", "Reshape", {m_out.input(m_node, input), m_out.numbers(m_node, part + "_apart", {0, 0, heads, width})});
        return step(part, "Transpose", {parts}, {{"perm", std::move(order)}});
    }

    /// Keys or values [b, heads, t, width] after those of the cache, told where the node has that output.
    std::string withPast(std::size_t input, const std::string& part, std::size_t past, std::size_t present) {
        std::string all = byHead(input, part, m_heads.keys, {0, 2, 1, 3});
        if (m_out.has(m_node, past)) all = step(part + "_all", "Concat", {m_out.input(m_node, past), all}, {{"axis", std::int64_t{2}}});
        if (m_node.outputs.size() > present) m_out.makeOutput(m_node, present, "Identity", {all});
        return all;
    }

    /// Each head of keys or values once for every head of queries that it serves.
    std::string forEachQuery(const std::string& part, const std::string& value, std::int64_t width) {
        if (m_heads.queries == m_heads.keys) return value;
        const std::int64_t each = m_heads.queries / m_heads.keys;
        const std::string apart = step(part + "_apart", "Unsqueeze", {value, m_out.numbers(m_node, part + "_axis", {2})});
        const std::string repeated = step(part + "_repeated", "Expand", {apart, m_out.numbers(m_node, part + "_times", {1, 1, each, 1, 1})});
        // The sequence is what is left over, whatever its length.
        return step(part, "Reshape", {repeated, m_out.numbers(m_node, part + "_joined", {0, m_heads.queries, -1, width})});
    }

    /// Keys with their width before their places.
    std::string turnedKeys() {
        const bool simple = !m_out.has(m_node, kPastKey) && m_heads.queries == m_heads.keys && m_node.outputs.size() <= kPresentKey;
        if (simple) return byHead(1, "k", m_heads.keys, {0, 2, 3, 1});
        const std::string all = withPast(1, "k", kPastKey, kPresentKey);
        return step("k_turned", "Transpose", {forEachQuery("k_groups", all, m_heads.width)}, {{"perm", Numbers{0, 1, 3, 2}}});
    }

    std::string products() {
        const std::string q = byHead(0, "q", m_heads.queries, {0, 2, 1, 3}), k = turnedKeys();
        const std::string scale = real("scale", m_node.real("scale", 1 / std::sqrt(static_cast<double>(m_heads.width))));
        return tell(AttentionScores::Products, step("scores", "Mul", {step("product", "MatMul", {q, k}), scale}));
    }

    std::string capped(std::string scores) {
        if (const double cap = m_node.real("softcap", 0); cap > 0) {
            const std::string number = real("cap", cap);
            scores = step("capped", "Mul", {step("bent", "Tanh", {step("narrowed", "Div", {scores, number})}), number});
        }
        return tell(AttentionScores::Capped, scores);
    }

    /// Also finds `m_visible`: which keys a query sees, where it does not see all.
    std::string masked(std::string scores) {
        if (m_out.has(m_node, kMask)) {
            const std::string mask = m_out.input(m_node, kMask);
            m_visible = mask;
            if (m_out.typeOf(m_node, kMask) != graph::DType::Bool) {
                m_visible = step("allowed", "Greater", {mask, real("lowest", kNever)});
                scores = step("biased", "Add", {scores, mask});
            }
        }
        if (m_node.integer("is_causal", 0) != 0) m_visible = m_visible.empty() ? causalMask() : step("visible", "And", {m_visible, causalMask()});
        if (!m_visible.empty()) scores = step("masked", "Where", {m_visible, scores, real("never", kNever)});
        return tell(AttentionScores::Masked, scores);
    }

    std::string probabilities(std::string scores) {
        const std::int64_t type = graph::onnxType(m_out.typeOf(m_node, 0)), precision = m_node.integer("softmax_precision", type);
        if (precision != type) scores = cast("scores_typed", scores, precision);
        std::string weights = step("weights", "Softmax", {scores}, {{"axis", std::int64_t{-1}}});
        if (precision != type) weights = cast("weights_typed", weights, type);
        // A query that a mask leaves no key: nothing, in place of what is no number.
        if (m_out.has(m_node, kMask)) weights = step("kept", "Where", {m_visible, weights, real("nothing", 0)});
        return tell(AttentionScores::Probabilities, weights);
    }

    std::string tell(AttentionScores what, const std::string& scores) {
        const bool isTold = m_node.outputs.size() > kScores && m_node.integer("qk_matmul_output_mode", 0) == static_cast<std::int64_t>(what);
        if (isTold) m_out.makeOutput(m_node, kScores, "Identity", {scores});
        return scores;
    }

    /// 0, 1, ... along the sequence of an input, as [count, 1] or [1, count].
    std::string count(std::size_t input, const std::string& part) {
        const auto axis = static_cast<std::int64_t>(m_heads.sequenceAxis());
        return step(part + "_length", "Shape", {m_out.input(m_node, input)}, {{"start", axis}, {"end", axis + 1}});
    }
    std::string places(const std::string& part, const std::string& begin, const std::string& length, std::int64_t axis) {
        const std::string end = step(part + "_count", "Squeeze", {length});
        const std::string range = step(part + "_range", "Range", {begin, end, m_out.numbers(m_node, part + "_step", {1}, true)});
        return step(part + "_places", "Unsqueeze", {range, m_out.numbers(m_node, part + "_axis", {axis})});
    }

    /// [queries, keys], true where a query may look at a key: itself and what comes before. Made once for equal lengths.
    std::string causalMask() {
        const bool hasPast = m_out.has(m_node, kPastKey);
        const auto lengthOf = [&](std::size_t input, std::size_t axis) { return graph::toString({m_out.shapeOf(m_node, input)[axis]}); };
        const std::size_t axis = m_heads.sequenceAxis();
        std::string& mask = m_out.shared("causal mask " + lengthOf(0, axis) + " " + lengthOf(1, axis) + (hasPast ? " " + lengthOf(kPastKey, 2) : ""));
        if (!mask.empty()) return mask;
        std::string queryEnd = count(0, "query"), keyEnd = count(1, "key"), queryBegin;
        if (hasPast) {
            const std::string past = step("past_length", "Shape", {m_out.input(m_node, kPastKey)}, {{"start", std::int64_t{2}}, {"end", std::int64_t{3}}});
            queryBegin = step("query_begin", "Squeeze", {past});
            queryEnd = step("query_end", "Add", {queryEnd, past});
            keyEnd = step("key_end", "Add", {keyEnd, past});
        } else {
            queryBegin = m_out.numbers(m_node, "query_begin", {0}, true);
        }
        const std::string queries = places("query", queryBegin, queryEnd, 1);
        const std::string keys = places("key", m_out.numbers(m_node, "key_begin", {0}, true), keyEnd, 0);
        return mask = step("causal", "LessOrEqual", {keys, queries});
    }

    OnnxEmitter& m_out;
    const Node& m_node;
    graph::AttentionHeads m_heads;
    std::string m_visible;
};

}  // namespace

void lowerAttention(OnnxEmitter& out, const Node& node) {
    constexpr int kNative = 23;
    if (out.opset() < kNative) return Attention(out, node).write();
    out.make(node, "Attention", out.inputs(node, node.inputs.size()), node.attributes);
}

}  // namespace headroom::formats
