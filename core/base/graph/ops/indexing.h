// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// What reads or writes elements at places that a tensor holds.
std::span<const OpEntry> indexingOps();

}  // namespace headroom::graph
