// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart_group.h"

#include <algorithm>

#include "ui/theme/theme.h"

namespace headroom::ui {

QColor seriesColour(int series) {
    const auto& colours = theme::tokens().series;
    return series < 0 ? theme::tokens().faint : colours[static_cast<std::size_t>(series) % colours.size()];
}

Qt::PenStyle seriesPattern(int series) {
    static constexpr Qt::PenStyle kPatterns[] = {Qt::SolidLine, Qt::DashDotLine, Qt::DotLine};
    return kPatterns[std::max(0, series) / 6 % 3];
}

QString ChartGroup::selected() const {
    const auto at = std::find_if(m_runs.begin(), m_runs.end(), [](const ShownRun& run) { return run.selected; });
    return at == m_runs.end() ? QString() : at->id;
}

void ChartGroup::setAxis(XAxis axis) {
    if (axis == m_axis) return;
    m_axis = axis;
    m_range.reset();
    m_cursor.reset();
    Q_EMIT axisChanged();
}

void ChartGroup::nextAxis() { setAxis(static_cast<XAxis>((static_cast<int>(m_axis) + 1) % kXAxes)); }

void ChartGroup::setSmoothing(double smoothing) {
    smoothing = std::clamp(smoothing, 0.0, 0.999);
    if (smoothing == m_smoothing) return;
    m_smoothing = smoothing;
    Q_EMIT styleChanged();
}

void ChartGroup::setRange(std::optional<std::pair<double, double>> range) {
    if (range == m_range) return;
    m_range = range;
    Q_EMIT rangeChanged();
}

void ChartGroup::setCursor(std::optional<double> x) {
    if (x == m_cursor) return;
    m_cursor = x;
    Q_EMIT cursorChanged();
}

void ChartGroup::setExtent(const QObject* chart, std::optional<std::pair<double, double>> part) {
    const auto before = extent();
    if (part)
        m_extents[chart] = *part;
    else
        m_extents.remove(chart);
    if (extent() != before) Q_EMIT extentChanged();
}

std::optional<std::pair<double, double>> ChartGroup::extent() const {
    std::optional<std::pair<double, double>> all;
    for (const auto& [low, high] : m_extents) all = all ? std::pair(std::min(all->first, low), std::max(all->second, high)) : std::pair(low, high);
    return all;
}

void ChartGroup::setRuns(const QVector<ShownRun>& runs) {
    if (runs == m_runs) return;
    m_runs = runs;
    Q_EMIT runsChanged();
}

}  // namespace headroom::ui
