// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_mask.h"
#include "engine/formats/onnx_recognition.h"

// softmax(softcap(scale Q K^T) + mask) V, as onnx_attention.cpp writes it and as decoders of PyTorch have it.
namespace headroom::formats {
namespace {

using graph::Dim;
using graph::kNone;
using graph::Node;
using graph::Shape;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

const Numbers kByHead{0, 2, 1, 3}, kByHeadTurned{0, 2, 3, 1}, kTurned{0, 1, 3, 2};

/// Queries, keys or values: by head [b, heads, t, width], and where they come from [b, t, heads * width] the source.
struct Part {
    ValueId byHead = kNone, packed = kNone;
    bool isTurned = false;  ///< by head as [b, heads, width, t]
    ValueId past = kNone;   ///< what stands before them, by head
};

class Reading {
public:
    explicit Reading(const Composed& net) : m_net(net) {}

    Recognition from(const Node& last) {
        const Node* mixing = &last;
        const bool packed = last.op->name == "Reshape";
        if (packed) mixing = joined(last);
        if (!mixing || mixing->op->name != "MatMul" || m_net.shape(mixing->outputs[0]).size() != 4) return std::nullopt;
        const Node* softmax = softmaxOf(mixing->inputs[0]);
        if (!softmax) return std::nullopt;
        m_product = productBelow(softmax->inputs[0]);
        if (m_product) m_past = pastOf(*m_product);
        const ValueId open = unmasked(softmax->inputs[0]);
        const Node* product = open == kNone ? nullptr : productOf(open);
        if (!product || !masksFit(shape(product->outputs[0]))) return std::nullopt;
        return packed ? whole(*product, mixing->inputs[1], last) : byHead(*product, mixing->inputs[1]);
    }

private:
    const Shape& shape(ValueId id) const { return m_net.shape(id); }

    /// [b, t, heads * width] of [b, heads, t, width].
    const Node* joined(const Node& reshape) const {
        const Node* turned = m_net.maker(reshape.inputs[0]);
        if (!m_net.transposes(turned, kByHead)) return nullptr;
        const Shape &from = shape(turned->outputs[0]), &to = shape(reshape.outputs[0]);
        return to.size() == 3 && to[0] == from[0] && to[1] == from[1] ? m_net.maker(turned->inputs[0]) : nullptr;
    }

    // --- behind the scores

    /// What makes the weights, but for zeros in the place of what is no number.
    const Node* softmaxOf(ValueId weights) {
        const Node* node = m_net.maker(weights);
        if (node && node->op->name == "Where" && m_net.isNumber(node->inputs[2], 0)) {
            m_kept = m_net.through(node->inputs[0]);
            node = m_net.maker(node->inputs[1]);
        } else if (node && node->op->name == "Where" && m_net.isNumber(node->inputs[1], 0)) {
            const Node* test = m_net.maker(node->inputs[0], "IsNaN");
            if (!test || m_net.through(test->inputs[0]) != m_net.through(node->inputs[2])) return nullptr;
            node = m_net.maker(node->inputs[2]);
        }
        if (node && node->op->name == "Cast") node = withPrecision(*node);
        if (!node || node->op->name != "Softmax") return nullptr;
        const std::int64_t axis = node->integer("axis", -1);
        return axis == -1 || axis == 3 ? node : nullptr;
    }
    /// A softmax in another type.
    const Node* withPrecision(const Node& back) {
        const Node* softmax = m_net.maker(back.inputs[0], "Softmax");
        const Node* to = softmax ? m_net.maker(softmax->inputs[0], "Cast") : nullptr;
        if (!to || m_net.type(to->inputs[0]) != m_net.type(back.outputs[0])) return nullptr;
        m_precision = graph::onnxType(m_net.type(softmax->outputs[0]));
        return softmax;
    }

    // --- masks

    /// The product of queries and keys that a value is made of, or null.
    const Node* productBelow(ValueId value, int depth = 0) const {
        constexpr int kDeepest = 10;
        const Node* node = m_net.maker(value);
        if (!node || depth > kDeepest) return nullptr;
        const std::string_view op = node->op->name;
        if (op == "MatMul") return shape(node->outputs[0]).size() == 4 ? node : nullptr;
        const bool isTwo = op == "Add" || op == "Mul" || op == "Div", isChoice = op == "Where";
        if (!isTwo && !isChoice && op != "Tanh" && op != "Cast") return nullptr;
        const Node* found = productBelow(node->inputs[isChoice ? 1 : 0], depth + 1);
        return found || (!isTwo && !isChoice) ? found : productBelow(node->inputs[isChoice ? 2 : 1], depth + 1);
    }
    /// Keys before the first query, where they are a fixed number.
    std::int64_t pastOf(const Node& product) const {
        const ValueId past = keys(numberAside(product.inputs[1]).first).past;
        return past != kNone && shape(past)[2].isFixed() ? shape(past)[2].extent : 0;
    }

    /// The scores before all masks, which it notes; kNone where one of them is none that attention has.
    ValueId unmasked(ValueId value) {
        if (m_precision) value = m_net.maker(value, "Cast")->inputs[0];
        for (const Node* node = m_net.maker(value); node; node = m_net.maker(value)) {
            if (node->op->name == "Where") {
                const auto one = m_net.number(node->inputs[1]), two = m_net.number(node->inputs[2]);
                if (!(two && *two <= kHides) && !(one && *one <= kHides)) return kNone;
                const bool hides = !(two && *two <= kHides);
                if (!condition(node->inputs[0], hides, std::isinf(hides ? *one : *two))) return kNone;
                if (!hides) m_visible = m_net.through(node->inputs[0]);
                value = node->inputs[hides ? 2 : 1];
            } else if (node->op->name == "Add") {
                const std::size_t scores = productBelow(node->inputs[0]) ? 0 : 1;
                if (productBelow(node->inputs[1 - scores]) || !added(node->inputs[1 - scores])) return kNone;
                value = node->inputs[scores];
            } else {
                return value;
            }
        }
        return kNone;
    }

    /// A truth value by key: whether it lets see, or hides.
    bool condition(ValueId given, bool hides, bool isInfinite) {
        constexpr int kMost = 64;
        if (++m_conditions > kMost) return false;
        const ValueId value = m_net.through(given);
        if (const auto kind = maskKind(m_net, value, hides, m_past)) return note(*kind, value);
        const Node* node = m_net.maker(value);
        if (node && node->op->name == "Not") return condition(node->inputs[0], !hides, isInfinite);
        if (node && node->op->name == (hides ? "Or" : "And")) return condition(node->inputs[0], hides, isInfinite) && condition(node->inputs[1], hides, isInfinite);
        if (node && !hides && node->op->name == "Greater" && m_net.number(node->inputs[1]) == -std::numeric_limits<double>::infinity()) {
            m_allowed = m_net.through(node->inputs[0]);
            return true;
        }
        // A finite number leaves a query that sees no key the mean of all values, where attention gives nothing.
        return isInfinite && take(value, hides);
    }
    bool added(ValueId value) {
        if (!graph::isFloating(m_net.type(value))) return false;
        if (const auto kind = maskKind(m_net, value, false, m_past)) return note(*kind, value);
        return take(m_net.through(value), false);
    }
    bool note(MaskKind kind, ValueId mask) {
        m_isCausal = m_isCausal || kind == MaskKind::Causal;
        // One row of a mask for several queries is another thing.
        return kind == MaskKind::All || (m_product && std::equal(shape(mask).end() - 2, shape(mask).end(), shape(m_product->outputs[0]).end() - 2));
    }
    bool take(ValueId mask, bool hides) {
        if (m_mask != kNone && m_mask != mask) return false;
        m_mask = mask;
        m_hides = hides;
        return true;
    }
    bool masksFit(const Shape& scores) const {
        if (m_allowed != kNone && m_allowed != m_mask) return false;
        if (m_kept != kNone && m_kept != m_visible) return false;
        if (m_mask == kNone) return true;
        const Shape& mask = shape(m_mask);
        bool fits = mask.size() <= scores.size();
        for (std::size_t behind = 1; fits && behind <= mask.size(); ++behind) {
            const Dim& dim = mask[mask.size() - behind];
            fits = dim == Dim::fixed(1) || dim == scores[scores.size() - behind];
        }
        return fits;
    }

    // --- scores

    ValueId uncapped(ValueId value) {
        const Node* times = m_net.maker(value, "Mul");
        const auto outer = times ? m_net.withNumber(*times) : std::nullopt;
        const Node* bent = outer ? m_net.maker(outer->first, "Tanh") : nullptr;
        const Node* narrowed = bent ? m_net.maker(bent->inputs[0]) : nullptr;
        const auto inner = narrowed ? m_net.withNumber(*narrowed) : std::nullopt;
        if (!inner) return value;
        const bool divides = narrowed->op->name == "Div" && m_net.number(narrowed->inputs[1]);
        if (!divides && narrowed->op->name != "Mul") return value;
        const double cap = divides ? inner->second : 1 / inner->second;
        if (!(outer->second > 0) || std::abs(cap - outer->second) > 1e-6 * outer->second) return value;
        m_cap = outer->second;
        return inner->first;
    }
    /// The value before it was multiplied by a number, and that.
    std::pair<ValueId, double> numberAside(ValueId value) const {
        double factor = 1;
        for (const Node* node = m_net.maker(value); node; node = m_net.maker(value)) {
            const bool times = node->op->name == "Mul", divides = node->op->name == "Div" && m_net.number(node->inputs[1]);
            const auto number = times || divides ? m_net.withNumber(*node) : std::nullopt;
            if (!number) break;
            factor = divides ? factor / number->second : factor * number->second;
            value = number->first;
        }
        return {m_net.through(value), factor};
    }
    ValueId unscaled(ValueId value) {
        const auto [before, factor] = numberAside(value);
        m_scale *= factor;
        return before;
    }
    const Node* productOf(ValueId scores) {
        const Node* product = m_net.maker(unscaled(uncapped(scores)), "MatMul");
        return product && shape(product->outputs[0]).size() == 4 && shape(product->inputs[0]).size() == 4 && shape(product->inputs[1]).size() == 4 ? product : nullptr;
    }

    // --- queries, keys and values

    ValueId packedOf(ValueId value, const Numbers& perm) const {
        const Node* turned = m_net.maker(value);
        const Node* apart = m_net.transposes(turned, perm) ? m_net.maker(turned->inputs[0], "Reshape") : nullptr;
        if (!apart) return kNone;
        const Shape &from = shape(apart->inputs[0]), &to = shape(apart->outputs[0]);
        const bool isSplit = from.size() == 3 && to.size() == 4 && from[0] == to[0] && from[1] == to[1] && from[2].isFixed() && to[2].isFixed() && to[3].isFixed();
        return isSplit ? m_net.through(apart->inputs[0]) : kNone;
    }
    /// The heads before each was repeated for several of the queries.
    ValueId ungrouped(ValueId value) const {
        const Node* joined = m_net.maker(value, "Reshape");
        const Node* repeated = joined ? m_net.maker(joined->inputs[0], "Expand") : nullptr;
        const Node* apart = repeated ? m_net.maker(repeated->inputs[0], "Unsqueeze") : nullptr;
        if (!apart) return value;
        const Shape &from = shape(apart->inputs[0]), &times = shape(repeated->outputs[0]), &to = shape(joined->outputs[0]);
        if (from.size() != 4 || to.size() != 4 || m_net.constant(apart->inputs[1]) != Numbers{2} || !times[2].isFixed()) return value;
        const Shape wanted{from[0], graph::product({from[1], times[2]}), from[2], from[3]};
        return to == wanted && times == Shape{from[0], from[1], times[2], from[2], from[3]} ? m_net.through(apart->inputs[0]) : value;
    }
    Part values(ValueId value) const { return behindPast(ungrouped(m_net.through(value))); }
    /// By head, behind those of a cache where there is one.
    Part behindPast(ValueId all) const {
        const Node* joined = m_net.maker(all, "Concat");
        const bool hasPast = joined && joined->inputs.size() == 2 && shape(all).size() == 4 && (joined->integer("axis", 0) == 2 || joined->integer("axis", 0) == -2);
        const ValueId own = hasPast ? m_net.through(joined->inputs[1]) : all;
        return {own, packedOf(own, kByHead), false, hasPast ? joined->inputs[0] : kNone};
    }
    Part keys(ValueId turned) const {
        if (const ValueId packed = packedOf(turned, kByHeadTurned); packed != kNone) return {turned, packed, true, kNone};
        const Node* node = m_net.maker(turned);
        if (!m_net.transposes(node, kTurned)) return {turned, kNone, true, kNone};
        return behindPast(ungrouped(m_net.through(node->inputs[0])));
    }

    /// Of the same samples, each head of keys and values for as many heads of queries.
    bool fit(ValueId q, const Part& key, const Part& value) const {
        const Shape &queries = shape(q), &keys = shape(key.byHead), &own = shape(value.byHead);
        const bool isFixed = queries[1].isFixed() && keys[1].isFixed() && own[3].isFixed();
        if ((key.past == kNone) != (value.past == kNone)) return false;
        for (const Part* each : {&key, &value})
            if (each->past != kNone && (shape(each->past)[0] != queries[0] || shape(each->past)[1] != keys[1] || shape(each->past)[2] != shape(key.past)[2])) return false;
        return isFixed && own[0] == queries[0] && own[1] == keys[1] && keys[1].extent > 0 && queries[1].extent % keys[1].extent == 0;
    }

    // --- what stands for all of it

    Recognition whole(const Node& product, ValueId value, const Node& last) {
        const ValueId q = unscaled(product.inputs[0]), kt = unscaled(product.inputs[1]);
        const Part keyPart = keys(kt), valuePart = values(value);
        const ValueId query = packedOf(q, kByHead);
        if (query == kNone || keyPart.packed == kNone || valuePart.packed == kNone || !fit(q, keyPart, valuePart)) return std::nullopt;
        const std::int64_t keyHeads = shape(keyPart.byHead)[1].extent;
        if (shape(last.outputs[0])[2] != graph::product({shape(q)[1], shape(value)[3]})) return std::nullopt;
        graph::Attributes attributes{{"kv_num_heads", keyHeads}, {"q_num_heads", shape(q)[1].extent}};
        return finished({query, keyPart.packed, valuePart.packed, kNone, keyPart.past, valuePart.past}, std::move(attributes), q, kt, {});
    }
    Recognition byHead(const Node& product, ValueId value) {
        const ValueId q = unscaled(product.inputs[0]), kt = unscaled(product.inputs[1]);
        Part keyPart = keys(kt), valuePart = values(value);
        std::vector<StepBefore> before;
        if (!fit(q, keyPart, valuePart)) return std::nullopt;
        if (keyPart.isTurned) {
            before.push_back({"Transpose", {keyPart.byHead}, {{"perm", kTurned}}, {}});
            keyPart.byHead = beforeIt(0);
        }
        return finished({q, keyPart.byHead, valuePart.byHead, kNone, keyPart.past, valuePart.past}, {}, q, kt, std::move(before));
    }

    Recognition finished(std::vector<ValueId> inputs, graph::Attributes attributes, ValueId q, ValueId kt, std::vector<StepBefore> before) {
        const Shape &queries = shape(q), &turned = shape(kt);
        const bool isUsual = queries[0] == turned[0] && queries[1].isFixed() && queries[3].isFixed() && queries[3] == turned[2] && m_scale >= 0;
        if (!isUsual) return std::nullopt;
        if (m_isCausal) attributes.emplace("is_causal", std::int64_t{1});
        const double usual = 1 / std::sqrt(static_cast<double>(queries[3].extent));
        if (std::abs(m_scale - usual) > 1e-6 * usual) attributes.emplace("scale", m_scale);
        if (m_cap > 0) attributes.emplace("softcap", m_cap);
        if (m_precision) attributes.emplace("softmax_precision", *m_precision);
        if (m_mask != kNone) {
            inputs[3] = m_mask;
            if (m_hides) {
                inputs[3] = beforeIt(static_cast<int>(before.size()));
                before.push_back({"Not", {m_mask}, {}, {}});
            }
        }
        while (inputs.back() == kNone) inputs.pop_back();
        return Recognised{.op = "Attention", .inputs = std::move(inputs), .attributes = std::move(attributes), .before = std::move(before)};
    }

    const Composed& m_net;
    ValueId m_kept = kNone, m_visible = kNone, m_allowed = kNone, m_mask = kNone;
    bool m_hides = false, m_isCausal = false;
    int m_conditions = 0;
    double m_scale = 1, m_cap = 0;
    const Node* m_product = nullptr;
    std::int64_t m_past = 0;
    std::optional<std::int64_t> m_precision;
};

}  // namespace

Recognition recogniseAttention(const Composed& net, const Node& last) { return Reading(net).from(last); }

}  // namespace headroom::formats
