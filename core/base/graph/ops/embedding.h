// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Rows (axis 0 only) of data [rows, d] by indices [...] -> [..., d].
extern const OpEntry kGather;
/// Whether whole rows of a matrix are gathered: an embedding, which has kernels of its own.
bool gathersRows(const Node& node, std::size_t rank);
/// Ours: X [batch, t, d] + table[0:t], table [context, d], t <= context. In ONNX: Shape(X, start=1, end=2) gives the
/// end of a Slice of the table (starts 0, axes 0), which is added. Backward: the gradient of X is the output's
/// gradient; that of the table is its sum over the batch, zero from row t on.
extern const OpEntry kAddPositions;
/// Ours: 0, 1, 2, ... as int64, as many as dimension `axis` of X (0) is long, whatever X holds. In ONNX: Shape(X) gives the end
/// of a Range.
extern const OpEntry kPlaces;

}  // namespace headroom::graph
