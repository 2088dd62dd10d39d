// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::models {

/// Low-rank adaptation (Hu et al., arXiv 2106.09685).
struct LoraOptions {
    std::int64_t rank = 0;      ///< 0: none
    double alpha = 16;          ///< the update counts alpha / rank
    double dropout = 0;         ///< of what the update reads
    std::string targets = "*";  ///< patterns of weights (patterns.h)
};
inline constexpr std::int64_t kUsualRank = 8;

/// A weight with its update: W + scale * A B, of a weight that is read as [out, in] the transpose of A B.
struct LoraPair {
    std::string weight, a, b;  ///< parameters' names: `<layer>.lora_A` [in, rank], `<layer>.lora_B` [rank, out]
    bool transposed = false;
    double scale = 1;
};

/// What names of an update's parameters end with, and of the buffer that says what it counts.
inline constexpr std::string_view kLoraA = ".lora_A", kLoraB = ".lora_B", kLoraScale = ".lora_scale";
inline bool isLoraUpdate(std::string_view name) { return name.ends_with(kLoraA) || name.ends_with(kLoraB); }

/// Beside every product with a weight that fits the targets, x W + scale * (x A) B: A drawn as PyTorch draws linear layers, B zeros,
/// so that nothing changes at first. All is frozen but those and the head (headOf()), which may be new and is trained whole. The weights
/// are matrices that Gemm or MatMul alone read; the head and an embedding that is one too are left out.
/// Throws CFG-09 where no weight fits.
graph::Graph withLora(const graph::Graph& net, const LoraOptions& options);

/// Of the update that the weight has, or would have.
std::string loraNameOfA(const std::string& weight);

/// All pairs that the net could have, whatever the targets.
std::vector<LoraPair> possibleLoraPairs(const graph::Graph& net);

/// The pairs that withLora() makes of this net, in the order of its nodes.
std::vector<LoraPair> loraPairs(const graph::Graph& net, const LoraOptions& options);

}  // namespace headroom::models
