// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// How attention is computed. Both halves of the operator ask attentionAlgorithm.
enum class AttentionAlgorithm {
    Batched,   ///< two batched products around an own causal softmax; saves the probabilities [b, heads, t, t]
    Flash,     ///< ATen's flash attention of the device; saves the output and logsumexp [b, heads, t] in fp32
    Efficient  ///< CUDA in fp32: memory-efficient attention; as Flash, the rows of logsumexp rounded up to 32
};
/// On the CPU batched products win for sequences of at most 256 (the flash backward is slow in bf16); longer ones take
/// flash attention, whose memory does not grow with the square. Inference follows the same choice.
AttentionAlgorithm attentionAlgorithm(const ResolvedNode& node, DeviceKind device);

/// Opset 23, packed heads: Q [b, t, heads * width], K, V likewise of kv_num_heads -> [b, t, heads * width]. Attributes
/// q_num_heads, kv_num_heads, is_causal (0), scale (1 / sqrt(width)).
extern const OpEntry kAttention;

}  // namespace headroom::graph
