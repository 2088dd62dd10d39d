// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Ours, made from the last linear layer and SoftmaxCrossEntropy: X [n, k], W [k, classes] (transB: [classes, k]), targets
/// [n] (whole numbers; more dimensions are taken flat), bias [classes] (optional) -> [1] in fp32, the sum over the rows as
/// SoftmaxCrossEntropy has it. The logits are made and differentiated in chunks of rows and never exist at once; forward
/// makes the gradients already, and backward only scales them (as in Hsu et al.: Liger Kernel, arXiv 2410.10989).
/// Extras: gradient of X in its type; of W and of the bias, sums over the chunks, in fp32.
extern const OpEntry kLinearCrossEntropy;

/// Rows of a chunk, the same in all but the last: at most an eighth of them, and few enough that their logits take no more
/// than X; at least 128, below which a product is mostly reading W.
std::int64_t chunkRows(std::int64_t rows, std::int64_t width, std::int64_t classes);

}  // namespace headroom::graph
