// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QPointF>
#include <QRectF>

#include <vector>

#include "ui/bridge/graph_scene.h"

namespace headroom::ui {

/// A node, a block that is drawn as one box, or the frame around an open block.
struct LayoutItem {
    enum class What { Node, Closed, Frame } what = What::Node;
    int index = 0;      ///< in GraphScene::nodes or ::blocks
    QRectF area;
    double axis = 0;    ///< x of the line that things flow along
};

/// What flows from one item to another: vertical lines at its points, curves between them.
struct LayoutEdge {
    int from = 0, to = 0;  ///< in GraphLayout::items
    int first = 0, count = 0;  ///< in GraphLayout::points
    QRectF area;
};

/// Where everything of a graph stands, top to bottom: in each block the longest path decides the layer; what skips layers runs
/// in lanes at the right of them. The unit is a pixel at full size.
struct GraphLayout {
    std::vector<LayoutItem> items;  ///< frames before what they hold
    std::vector<LayoutEdge> edges;
    std::vector<QPointF> points;
    std::vector<int> ofNode;  ///< by node: its item, or that of the closed block that holds it
    QRectF area;
};

inline constexpr double kNodeWidth = 172, kNodeHeight = 42, kBlockHeight = 52;

/// `closed` by block; blocks within closed ones are not looked at. Block 0 is always open.
GraphLayout layoutOf(const GraphScene& scene, const std::vector<bool>& closed);

}  // namespace headroom::ui
