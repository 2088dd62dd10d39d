// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Attribute ratio (0.5): the share set to zero; the rest is scaled by 1 / (1 - ratio). (In ONNX since opset 12 the
/// ratio is an input; here it is plain data.) The mask is a function of seed, step, sample, node and element and is
/// computed again in the backward: nothing is saved. Dimension 0 is the sample. Outside training the output is the
/// input itself.
extern const OpEntry kDropout;

}  // namespace headroom::graph
