// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// What moves elements, picks ranges of them, repeats them or converts them one by one; and what makes tensors from numbers.
std::span<const OpEntry> arrangementOps();

/// One dimension of a Slice: `count` elements from `start` on, `step` apart.
struct Range {
    std::size_t axis;
    std::int64_t start, step, count;
};
/// Of a Slice over these extents (-1: named, which only a whole range may cover).
std::vector<Range> rangesOf(const NodeView& view, const std::vector<std::int64_t>& extents);

/// One dimension of a Pad: elements before and after, negative where some are cut off.
struct Padding {
    std::size_t axis;
    std::int64_t begin, end;
};
std::vector<Padding> paddingOf(const NodeView& view);

}  // namespace headroom::graph
