// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// A [m, k] (or its transpose), B [k, n] (or its transpose), C [n] (optional) -> alpha A B + beta C, [m, n].
extern const OpEntry kGemm;
/// A [..., m, k], B [k, n] -> [..., m, n]. B is a matrix.
extern const OpEntry kMatMul;

/// Whether a product is one of a matrix with all rows of the left operand; else both are stacks of matrices, or vectors.
inline bool isOneProduct(std::size_t leftRank, std::size_t rightRank) { return leftRank >= 2 && rightRank == 2; }

/// Ours, made from MatMul and Add: X [..., k], W [k, n], bias [n] -> X W + bias, [..., n].
extern const OpEntry kLinear;

}  // namespace headroom::graph
