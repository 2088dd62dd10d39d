// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QMap>
#include <QObject>
#include <QTimer>
#include <QVector>

#include <optional>

#include "ui/bridge/trace.h"

namespace headroom::ui {

/// A run as charts draw it.
struct ShownRun {
    QString id, name;
    int series = 0;  ///< index of its colour; above the number of colours the pattern of its line changes
    bool selected = false;
    bool operator==(const ShownRun&) const = default;
};
QColor seriesColour(int series);
Qt::PenStyle seriesPattern(int series);

/// What the charts of a page have in common: x axis, smoothing, zoom, crosshair, the runs. One object, so that none of
/// them can disagree.
class ChartGroup : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    XAxis axis() const { return m_axis; }
    double smoothing() const { return m_smoothing; }
    const std::optional<std::pair<double, double>>& range() const { return m_range; }
    const std::optional<double>& cursor() const { return m_cursor; }
    const QVector<ShownRun>& runs() const { return m_runs; }
    QString selected() const;

    void setAxis(XAxis axis);
    void nextAxis();
    /// 0 to 0.999.
    void setSmoothing(double smoothing);
    /// Nothing = all of it.
    void setRange(std::optional<std::pair<double, double>> range);
    void setCursor(std::optional<double> x);
    void setRuns(const QVector<ShownRun>& runs);
    /// The part of the axis that a chart has data for; all charts show the union.
    void setExtent(const QObject* chart, std::optional<std::pair<double, double>> extent);
    std::optional<std::pair<double, double>> extent() const;

Q_SIGNALS:
    void styleChanged();
    void axisChanged();
    void rangeChanged();
    void cursorChanged();
    void extentChanged();
    void runsChanged();

private:
    XAxis m_axis = XAxis::Step;
    double m_smoothing = 0.6;
    std::optional<std::pair<double, double>> m_range;
    std::optional<double> m_cursor;
    QVector<ShownRun> m_runs;
    QMap<const QObject*, std::pair<double, double>> m_extents;
};

}  // namespace headroom::ui
