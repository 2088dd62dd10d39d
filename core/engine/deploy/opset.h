// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/graph.h"

namespace headroom::deploy {

/// The opset that a net is written at: the smallest from 17 on that has all of its operators. Throws EXP-01 where none up to 23 has.
int leastOpset(const graph::Graph& net);

}  // namespace headroom::deploy
