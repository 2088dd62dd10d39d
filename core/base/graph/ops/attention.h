// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// How attention is computed. Both halves of the operator ask attentionAlgorithm.
enum class AttentionAlgorithm {
    Batched,    ///< two batched products around an own causal softmax; saves the probabilities [b, heads, t, t]
    Flash,      ///< ATen's flash attention of the device; saves the output and logsumexp [b, heads, t] in fp32
    Efficient,  ///< CUDA in fp32: memory-efficient attention; as Flash, the rows of logsumexp rounded up to 32
    Composed    ///< every form but the plain one: LibTorch's operators, differentiated as a segment; saves the inputs
};
/// Plain attention is that of packed heads, as many of keys as of queries and all of one width, without mask, cache, softcap or further
/// outputs. On the CPU batched products win for sequences of at most 256 (the flash backward is slow in bf16); longer ones take
/// flash attention, whose memory does not grow with the square. Inference follows the same choice.
AttentionAlgorithm attentionAlgorithm(const ResolvedNode& node, DeviceKind device);

/// Plain attention but for a cache: composed where it is differentiated, else by heads on the CPU, without making one of cache and new keys.
bool isPlainAfterCache(const ResolvedNode& node);

/// How the inputs' channels lie: packed [b, t, heads * width], or by head [b, heads, t, width].
struct AttentionHeads {
    bool packed = true;
    std::int64_t queries = 1, keys = 1;  ///< heads; one of keys and values serves queries / keys heads of queries (arXiv 2305.13245)
    std::int64_t width = 0, valueWidth = 0;

    std::size_t sequenceAxis() const { return packed ? 1 : 2; }
    bool operator==(const AttentionHeads&) const = default;
};
/// Of Q, K, V with these extents; named ones, which are never channels, are any number.
AttentionHeads attentionHeads(const Node& node, const std::vector<std::int64_t>& q, const std::vector<std::int64_t>& k,
                              const std::vector<std::int64_t>& v);
AttentionHeads attentionHeads(const Node& node, const Shape& q, const Shape& k, const Shape& v);

/// What the output qk_matmul_output holds: the scaled products, or what became of them.
enum class AttentionScores { Products, Capped, Masked, Probabilities };

/// softmax(softcap(scale Q K^T) + mask) V by heads (arXiv 1706.03762). Inputs: Q, K, V in three dimensions (packed heads, attributes
/// q_num_heads and kv_num_heads) or four; attn_mask, bool (true: takes part) or of a floating type (added), broadcast to [b, heads, t,
/// keys]; past_key and past_value [b, heads, past, width], before K and V. Outputs, as many as the node has: Y, as Q lies; present_key
/// and present_value, the past with the new ones; qk_matmul_output [b, heads, t, keys] (qk_matmul_output_mode, AttentionScores). Attributes
/// besides: is_causal (query i sees the keys up to past + i), scale (1 / sqrt(width)), softcap (0: none; arXiv 2408.00118),
/// softmax_precision (ONNX element type). A query that sees no key gives zeros.
extern const OpEntry kAttention;

}  // namespace headroom::graph
