// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/program.h"

namespace headroom::plan {

/// Element type of every value (by ValueId) under a precision policy. With bf16 every floating activation is bf16 but
/// what Keep nodes make; floating inputs are bf16 but those that only Keep nodes read; buffers are fp32, and so are
/// parameters but with Bf16Weights those that a single node reads, and that one Lower: it needs no cast then, and one kernel
/// makes all of their gradient. (Norms read theirs in fp32; a table read twice would need both.)
std::vector<graph::DType> elementTypes(const graph::Graph& graph, Precision precision);

/// Whether the node reads this input through a cast to the low precision.
bool needsCast(const graph::Node& node, graph::DType type, Precision precision);

/// Every value (by ValueId) with extents put in and in its type; constants are tensors of no elements (shape {0}).
std::vector<graph::ResolvedTensor> resolvedValues(const graph::Graph& graph, const graph::Extents& extents,
                                                  Precision precision);

/// The node as its kernel sees it: inputs in the types that they have after their casts.
graph::ResolvedNode resolvedNode(const graph::Node& node, const std::vector<graph::ResolvedTensor>& values,
                                 Precision precision);

}  // namespace headroom::plan
