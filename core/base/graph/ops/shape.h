// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Attribute axis (1): [d0 ... dk] -> [d0 * ... , ... * dk]. A view, except of pictures of several channels and pixels,
/// which lie channels-last in memory and are copied.
extern const OpEntry kFlatten;
/// Shape from a constant input: 0 keeps a dimension, -1 takes what is left (which may be a product of names).
extern const OpEntry kReshape;
/// Attribute perm. A copy in the new order.
extern const OpEntry kTranspose;
/// Attributes axis (0), num_outputs: equal parts, as views. Backward joins the gradients in a new tensor.
extern const OpEntry kSplit;

}  // namespace headroom::graph
