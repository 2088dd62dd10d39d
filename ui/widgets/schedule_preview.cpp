// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/schedule_preview.h"

#include <QPainter>
#include <QPainterPath>

#include <cmath>
#include <numbers>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

constexpr int kPoints = 120;
constexpr double kOneCycleStart = 1.0 / 25, kOneCycleEnd = 1.0 / 25 / 1e4, kOneCycleRise = 0.3;

double cosineBetween(double from, double to, double share) { return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2; }

double oneCycle(double warmup, double progress) {
    const double rise = warmup > 0 ? warmup : kOneCycleRise;
    if (progress < rise) return cosineBetween(kOneCycleStart, 1, progress / rise);
    return cosineBetween(1, kOneCycleEnd, (progress - rise) / (1 - rise));
}

}  // namespace

double plannedRate(const config::RunConfig& config, double progress) {
    const auto& schedule = config.train.schedule;
    const double lr = config.train.optimizer.lr;
    if (schedule.name == "one_cycle") return lr * oneCycle(schedule.warmup, progress);
    if (schedule.warmup > 0 && progress < schedule.warmup) return lr * progress / schedule.warmup;
    if (schedule.name == "constant") return lr;
    const double share = schedule.warmup < 1 ? (progress - schedule.warmup) / (1 - schedule.warmup) : 0;
    return lr * cosineBetween(1, schedule.finalShare, share);
}

SchedulePreview::SchedulePreview(QWidget* parent) : QWidget(parent) {
    setFixedHeight(46);
    setAccessibleName(tr("Learning rate over the run"));
}

void SchedulePreview::set(const config::RunConfig& config) {
    m_rates.resize(kPoints);
    for (int i = 0; i < kPoints; ++i) m_rates[i] = plannedRate(config, static_cast<double>(i) / (kPoints - 1));
    setAccessibleDescription(tr("from %1 over %2 to %3").arg(format::learningRate(m_rates.first()), format::learningRate(config.train.optimizer.lr), format::learningRate(m_rates.last())));
    update();
}

void SchedulePreview::paintEvent(QPaintEvent*) {
    if (m_rates.isEmpty()) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = theme::tokens();
    const QRectF area = QRectF(rect()).adjusted(1, 4, -1, -4);
    const double high = *std::max_element(m_rates.begin(), m_rates.end());
    QPainterPath curve;
    for (int i = 0; i < m_rates.size(); ++i) {
        const QPointF at(area.left() + area.width() * i / (m_rates.size() - 1), area.bottom() - area.height() * (high > 0 ? m_rates[i] / high : 0));
        i == 0 ? curve.moveTo(at) : curve.lineTo(at);
    }
    QPainterPath filled = curve;
    filled.lineTo(area.bottomRight());
    filled.lineTo(area.bottomLeft());
    painter.fillPath(filled, blended(t.accent, t.panel, 0.16));
    painter.setPen(QPen(t.line, 1));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    painter.setPen(QPen(t.accent, 1.5));
    painter.drawPath(curve);
}

}  // namespace headroom::ui
