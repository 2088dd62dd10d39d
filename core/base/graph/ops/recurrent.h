// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Recurrent layers: RNN, GRU, LSTM.
std::span<const OpEntry> recurrentOps();

}  // namespace headroom::graph
