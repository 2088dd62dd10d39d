// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/sparkline.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

void paintRing(QPainter& painter, const QRectF& area, double share, const QColor& colour) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme::tokens().line, 2));
    painter.drawEllipse(area);
    painter.setPen(QPen(colour, 2, Qt::SolidLine, Qt::FlatCap));
    painter.drawArc(area, 90 * 16, -static_cast<int>(std::clamp(share, 0.04, 1.0) * 360 * 16));
}

void paintCross(QPainter& painter, const QRectF& area, const QColor& colour) {
    painter.setPen(QPen(colour, 2, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(area.topLeft(), area.bottomRight());
    painter.drawLine(area.topRight(), area.bottomLeft());
}

void paintBars(QPainter& painter, const QRectF& area, const QColor& colour) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    const double width = area.width() / 3.4;
    painter.drawRect(QRectF(area.left(), area.top(), width, area.height()));
    painter.drawRect(QRectF(area.right() - width, area.top(), width, area.height()));
}

}  // namespace

void paintSparkline(QPainter& painter, const QRectF& area, const std::vector<float>& values, const QColor& colour) {
    std::vector<float> finite;
    std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](float v) { return std::isfinite(v); });
    if (finite.size() < 2) return;
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    const double bottom = *low, span = *high > *low ? *high - *low : 1;
    QPainterPath path;
    for (std::size_t i = 0; i < finite.size(); ++i) {
        const QPointF point(area.left() + area.width() * static_cast<double>(i) / static_cast<double>(finite.size() - 1),
                            area.bottom() - area.height() * (finite[i] - bottom) / span);
        if (i == 0)
            path.moveTo(point);
        else
            path.lineTo(point);
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colour, 1.3));
    painter.drawPath(path);
}

QColor stateColour(store::RunState state) {
    const Tokens& t = theme::tokens();
    switch (state) {
        case store::RunState::Finished: return t.good;
        case store::RunState::Failed:
        case store::RunState::Diverged: return t.bad;
        case store::RunState::Lost:
        case store::RunState::Paused:
        case store::RunState::Pausing:
        case store::RunState::Stopping: return t.warning;
        case store::RunState::Queued: return t.faint;
        default: return t.accent;
    }
}

void paintState(QPainter& painter, const QRectF& area, store::RunState state, double share) {
    const QColor colour = stateColour(state);
    const QRectF inner = area.adjusted(2, 2, -2, -2);
    switch (state) {
        case store::RunState::Queued:
        case store::RunState::Starting: return paintRing(painter, area.adjusted(1, 1, -1, -1), 0.04, colour);
        case store::RunState::Running:
        case store::RunState::Pausing:
        case store::RunState::Stopping: return paintRing(painter, area.adjusted(1, 1, -1, -1), share, colour);
        case store::RunState::Paused: return paintBars(painter, inner, colour);
        case store::RunState::Failed:
        case store::RunState::Diverged: return paintCross(painter, inner, colour);
        case store::RunState::Lost:
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(colour, 2, Qt::DotLine));
            painter.drawEllipse(inner);
            return;
        case store::RunState::Finished:
            painter.setPen(Qt::NoPen);
            painter.setBrush(colour);
            painter.drawEllipse(inner);
    }
}

}  // namespace headroom::ui
