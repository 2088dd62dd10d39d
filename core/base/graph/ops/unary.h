// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// One tensor in, one of its shape out, element by element.
std::span<const OpEntry> unaryOps();

}  // namespace headroom::graph
