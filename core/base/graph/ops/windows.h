// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Sliding windows over any number of places: transposed convolution, pools of powers, of everything.
std::span<const OpEntry> windowOps();

/// A window over the places of [batch, channels, places ...], from the node's attributes.
struct Windows {
    std::vector<std::int64_t> kernel, stride, dilation, padBegin, padEnd;
    bool ceil = false;
};
/// `kernel`: where the node has no kernel_shape.
Windows windowsOf(const Node& node, std::vector<std::int64_t> kernel);
/// [batch, channels, places under the window ...]
Shape slidOver(const NodeView& view, const Windows& windows, const Dim& channels);
/// Extents that a transposed convolution gives its places, before padding is cut off them.
std::vector<std::int64_t> spreadOver(const std::vector<std::int64_t>& places, const Windows& windows);

/// Whether the kernels for pictures take the node: two places, one output, a window that a byte can index.
bool isPicturePool(const Node& node, std::size_t rank);
bool isPictureAverage(const Node& node, std::size_t rank);

}  // namespace headroom::graph
