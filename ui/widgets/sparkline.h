// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QRectF>

#include <vector>

#include "base/store/run_summary.h"

class QPainter;

namespace headroom::ui {

/// A curve without axes, scaled to its own extremes.
void paintSparkline(QPainter& painter, const QRectF& area, const std::vector<float>& values, const QColor& colour);

/// A run's state as a shape (ring with an arc, full dot, cross, hollow ring ...): the word stands beside it.
void paintState(QPainter& painter, const QRectF& area, store::RunState state, double share);
/// The tone that goes with the shape, never alone.
QColor stateColour(store::RunState state);

}  // namespace headroom::ui
