// SPDX-License-Identifier: Apache-2.0
#include "engine/run/ops/attention_composed.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <limits>

#include "base/graph/onnx_types.h"
#include "base/graph/ops/attention.h"
#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using graph::AttentionScores;

constexpr std::size_t kMask = 3, kPastKey = 4, kPastValue = 5;
constexpr std::size_t kPresentKey = 1, kPresentValue = 2, kScores = 3;

/// The largest number below every score that softmax may meet; finite, so that a row of nothing else has a gradient.
double lowest(at::ScalarType type) {
    constexpr double kHalf = -65504;
    if (type == at::kHalf) return kHalf;
    return type == at::kDouble ? std::numeric_limits<double>::lowest() : -3e38;
}

/// Keys or values [b, heads, t, width], after those of the cache.
at::Tensor withPast(C context, std::size_t input, std::size_t past, std::int64_t heads, bool packed, at::ScalarType type) {
    at::Tensor fresh = as(context.inputs[input], type);
    if (packed) fresh = fresh.unflatten(2, {heads, fresh.size(2) / heads}).transpose(1, 2);
    return isPresent(context, past) ? at::cat({as(context.inputs[past], type), fresh}, 2) : fresh;
}

class Composed {
public:
    explicit Composed(KernelContext& context)
        : m_context(context), m_heads(graph::attentionHeads(context.node, context.inputTypes[0]->shape, context.inputTypes[1]->shape, context.inputTypes[2]->shape)),
          m_type(wideType(productType(context.inputs[0]))),
          m_key(withPast(context, 1, kPastKey, m_heads.keys, m_heads.packed, m_type)),
          m_value(withPast(context, 2, kPastValue, m_heads.keys, m_heads.packed, m_type)) {}

    void run() {
        if (wants(kPresentKey)) m_context.outputs[kPresentKey] = owned(m_context, m_key, kPresentKey);
        if (wants(kPresentValue)) m_context.outputs[kPresentValue] = owned(m_context, m_value, kPresentValue);
        at::Tensor y = inGroups(probabilities()).matmul(m_value).reshape({m_key.size(0), m_heads.queries, queries(), m_heads.valueWidth});
        if (m_heads.packed) y = y.transpose(1, 2).flatten(2);
        m_context.outputs[0] = owned(m_context, y);
    }

private:
    bool wants(std::size_t output) const { return output < m_context.outputs.size(); }
    std::int64_t queries() const { return m_context.inputTypes[0]->shape[m_heads.sequenceAxis()]; }

    /// [b, heads, t, n] as [b, heads of keys, heads of queries for each * t, n]: a product with keys serves all of its group.
    at::Tensor inGroups(T byHead) const { return byHead.reshape({byHead.size(0), m_heads.keys, -1, byHead.size(3)}); }

    at::Tensor products() const {
        at::Tensor q = as(m_context.inputs[0], m_type);
        if (m_heads.packed) q = q.unflatten(2, {m_heads.queries, m_heads.width}).transpose(1, 2);
        const double scale = m_context.node.real("scale", 1 / std::sqrt(static_cast<double>(m_heads.width)));
        return inGroups(q * scale).matmul(m_key.transpose(2, 3)).reshape({q.size(0), m_heads.queries, queries(), m_key.size(2)});
    }

    /// Which keys a query sees; undefined where it sees all.
    at::Tensor visible() const {
        at::Tensor seen;
        if (isPresent(m_context, kMask)) {
            T mask = m_context.inputs[kMask];
            seen = mask.scalar_type() == at::kBool ? mask : mask.detach().ne(-std::numeric_limits<double>::infinity());
        }
        if (m_context.node.integer("is_causal", 0) == 0) return seen;
        const std::int64_t past = isPresent(m_context, kPastKey) ? m_context.inputTypes[kPastKey]->shape[2] : 0;
        const at::Tensor before = at::ones({queries(), m_key.size(2)}, m_key.options().dtype(at::kBool)).tril(past);
        return seen.defined() ? seen.logical_and(before) : before;
    }

    void tell(AttentionScores what, T scores) {
        if (wants(kScores) && m_context.node.integer("qk_matmul_output_mode", 0) == static_cast<std::int64_t>(what))
            m_context.outputs[kScores] = owned(m_context, scores, kScores);
    }

    at::Tensor probabilities() {
        at::Tensor scores = products();
        tell(AttentionScores::Products, scores);
        const double cap = m_context.node.real("softcap", 0);
        if (cap > 0) scores = (scores / cap).tanh() * cap;
        tell(AttentionScores::Capped, scores);
        const at::Tensor seen = visible(), hidden = seen.defined() ? seen.logical_not() : at::Tensor();
        if (isPresent(m_context, kMask) && m_context.inputs[kMask].scalar_type() != at::kBool) scores = scores + as(m_context.inputs[kMask], m_type);
        tell(AttentionScores::Masked, hidden.defined() ? scores.masked_fill(hidden, -std::numeric_limits<double>::infinity()) : scores);
        if (const auto precision = graph::typeOfOnnx(m_context.node.integer("softmax_precision", 0))) scores = as(scores, tensor::scalarType(*precision));
        if (hidden.defined()) scores = scores.masked_fill(hidden, lowest(scores.scalar_type()));
        at::Tensor weights = as(at::softmax(scores, -1), m_type);
        if (hidden.defined()) weights = weights.masked_fill(hidden, 0);
        tell(AttentionScores::Probabilities, weights);
        return weights;
    }

    KernelContext& m_context;
    graph::AttentionHeads m_heads;
    at::ScalarType m_type;
    at::Tensor m_key, m_value;
};

}  // namespace

void attendComposed(KernelContext& context) { Composed(context).run(); }

}  // namespace headroom::run
