// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// a + b with broadcasting.
extern const OpEntry kAdd;

}  // namespace headroom::graph
