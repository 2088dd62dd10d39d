// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// max(x, 0). Backward reads the output, so forward may write over its input.
extern const OpEntry kRelu;
/// x * Phi(x); attribute approximate: none, tanh.
extern const OpEntry kGelu;

}  // namespace headroom::graph
