// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// What runs along dimensions: sums, extremes, softmax, running sums.
std::span<const OpEntry> reductionOps();

}  // namespace headroom::graph
