// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

/// What tables of operators change of an entry.
namespace headroom::graph {

/// Backward needs extents alone.
constexpr OpEntry savingNothing(OpEntry entry) {
    entry.saves = nullptr;
    return entry;
}

}  // namespace headroom::graph
