// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Whole numbers in place of real ones, by a scale and a zero point.
std::span<const OpEntry> quantizationOps();

}  // namespace headroom::graph
