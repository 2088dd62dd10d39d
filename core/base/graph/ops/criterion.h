// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// ONNX's own losses; a run's are those of loss.h.
std::span<const OpEntry> criterionOps();

}  // namespace headroom::graph
