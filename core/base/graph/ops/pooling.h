// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Largest of each window. Extra: the place within the window (row * width + column), one byte an output element; at
/// most 255 elements a window. Backward reads that alone.
extern const OpEntry kMaxPool;
/// Mean of each window; attribute count_include_pad (0).
extern const OpEntry kAveragePool;
/// [n, c, h, w] -> [n, c, 1, 1].
extern const OpEntry kGlobalAveragePool;

}  // namespace headroom::graph
