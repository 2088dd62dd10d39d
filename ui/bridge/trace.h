// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>
#include <QVector>

#include <memory>
#include <vector>

#include "base/store/series.h"

namespace headroom::ui {

/// What a chart's x axis shows. Process time leaves out the time between a run's sessions, wall time does not.
enum class XAxis { Step, Epoch, Samples, ProcessTime, RelativeTime, WallTime };
inline constexpr int kXAxes = 6;
QString title(XAxis axis);
/// The store's axis along which a range of `axis` can be read.
store::Axis storeAxis(XAxis axis);

/// A part of one series of one run, as read. Shared between threads, never changed.
struct CurveData {
    QString run;
    store::SeriesInfo series;
    store::Curve curve;
    std::vector<store::Session> sessions;
};
using CurvePtr = std::shared_ptr<const CurveData>;

/// A curve ready to draw: x against values. Where the data are buckets, `value` holds means and low/high the extremes.
struct Trace {
    QVector<double> x, value, smooth;
    QVector<double> low, high;        ///< empty where every point is there
    QVector<double> notFinite;        ///< x of NaN and infinities
    bool empty() const { return x.isEmpty() && notFinite.isEmpty(); }
};

/// `smoothing` 0 to 0.999: share of the average that the past keeps at every point. 0 = none.
Trace traceOf(const CurveData& data, XAxis axis, double smoothing);

/// The exponential moving average without its pull to zero at the start: after n points the weights sum to 1. A point
/// that stands for `count` points counts as so many. A constant stays exactly constant.
class Smoother {
public:
    explicit Smoother(double smoothing) : m_smoothing(smoothing) {}
    double add(double value, std::int64_t count = 1);

private:
    double m_smoothing;
    double m_value = 0;
    double m_weight = 0;
};

}  // namespace headroom::ui
