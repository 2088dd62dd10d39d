// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// What samples a picture at other places: resizing, grids, blocks put back.
std::span<const OpEntry> resamplingOps();

/// One dimension of a Resize. `scale` may differ from to / from; `roiStart` and `roiEnd` are shares of the dimension.
struct ResizedDim {
    std::size_t axis;
    std::int64_t from, to;
    double scale, roiStart = 0, roiEnd = 1;
};
/// Of a Resize over these extents (-1: named, which keep theirs).
std::vector<ResizedDim> resizedDims(const NodeView& view, const std::vector<std::int64_t>& extents);

}  // namespace headroom::graph
