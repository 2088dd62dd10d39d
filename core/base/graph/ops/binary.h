// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Several tensors, broadcast to one shape, element by element.
std::span<const OpEntry> binaryOps();

}  // namespace headroom::graph
