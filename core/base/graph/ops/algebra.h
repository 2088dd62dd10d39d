// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Sums of products by an equation, and rotations of pairs by their position.
std::span<const OpEntry> algebraOps();

}  // namespace headroom::graph
