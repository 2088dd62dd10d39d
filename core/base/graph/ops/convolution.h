// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// X [n, c, h, w], W [m, c/group, kh, kw], bias B [m] (optional) -> [n, m, h', w'].
extern const OpEntry kConv;

}  // namespace headroom::graph
