// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/trace.h"

#include <QCoreApplication>

#include <cmath>

namespace headroom::ui {
namespace {

double xOf(const CurveData& data, XAxis axis, const store::Moment& at, double start) {
    switch (axis) {
        case XAxis::Step: return static_cast<double>(at.step);
        case XAxis::Epoch: return at.epoch;
        case XAxis::Samples: return static_cast<double>(at.samples);
        case XAxis::ProcessTime: return store::processTime(data.sessions, at.wallTime);
        case XAxis::RelativeTime: return at.wallTime - start;
        case XAxis::WallTime: return at.wallTime;
    }
    return 0;
}

double startOf(const CurveData& data) {
    if (!data.sessions.empty()) return data.sessions.front().start;
    if (!data.curve.points.empty()) return data.curve.points.front().at.wallTime;
    return data.curve.buckets.empty() ? 0 : data.curve.buckets.front().first.wallTime;
}

void addPoints(Trace& trace, const CurveData& data, XAxis axis, Smoother smoother) {
    const double start = startOf(data);
    for (const store::Point& point : data.curve.points) {
        const double x = xOf(data, axis, point.at, start);
        if (!std::isfinite(point.value)) {
            trace.notFinite << x;
            continue;
        }
        trace.x << x;
        trace.value << point.value;
        trace.smooth << smoother.add(point.value);
    }
}

void addBuckets(Trace& trace, const CurveData& data, XAxis axis, Smoother smoother) {
    const double start = startOf(data);
    for (const store::Bucket& bucket : data.curve.buckets) {
        const double x = (xOf(data, axis, bucket.first, start) + xOf(data, axis, bucket.last, start)) / 2;
        if (bucket.nonFinite > 0) trace.notFinite << x;
        if (bucket.finite == 0) continue;
        trace.x << x;
        trace.value << bucket.mean;
        trace.low << bucket.min;
        trace.high << bucket.max;
        trace.smooth << smoother.add(bucket.mean, bucket.finite);
    }
}

}  // namespace

QString title(XAxis axis) {
    switch (axis) {
        case XAxis::Step: return QCoreApplication::translate("XAxis", "Step");
        case XAxis::Epoch: return QCoreApplication::translate("XAxis", "Epoch");
        case XAxis::Samples: return QCoreApplication::translate("XAxis", "Samples");
        case XAxis::ProcessTime: return QCoreApplication::translate("XAxis", "Process time");
        case XAxis::RelativeTime: return QCoreApplication::translate("XAxis", "Relative time");
        case XAxis::WallTime: return QCoreApplication::translate("XAxis", "Wall time");
    }
    return {};
}

store::Axis storeAxis(XAxis axis) {
    switch (axis) {
        case XAxis::Step: return store::Axis::Step;
        case XAxis::Epoch: return store::Axis::Epoch;
        case XAxis::Samples: return store::Axis::Samples;
        default: return store::Axis::WallTime;
    }
}

Trace traceOf(const CurveData& data, XAxis axis, double smoothing) {
    Trace trace;
    if (data.curve.exact)
        addPoints(trace, data, axis, Smoother(smoothing));
    else
        addBuckets(trace, data, axis, Smoother(smoothing));
    return trace;
}

double Smoother::add(double value, std::int64_t count) {
    const double kept = m_smoothing <= 0 ? 0 : std::pow(m_smoothing, static_cast<double>(count));
    const double fresh = 1 - kept;
    m_weight = kept * m_weight + fresh;
    m_value += fresh / m_weight * (value - m_value);
    return m_value;
}

}  // namespace headroom::ui
