// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/memory_bar.h"

#include <QPainter>
#include <QPainterPath>

#include <numeric>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/kinds.h"

namespace headroom::ui {
namespace {

constexpr double kLabelHeight = 18, kBarHeight = 25, kLegendGap = 12, kLegendRow = 16, kSign = 14, kNameGap = 18;
constexpr int kUsualWidth = 400;

QFont legendFont() { return theme::textFont(0.85); }

}  // namespace

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Memory of a training step"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

QSize MemoryBar::sizeHint() const { return {kUsualWidth, heightForWidth(std::max(width(), kUsualWidth))}; }

int MemoryBar::heightForWidth(int width) const { return static_cast<int>(kLabelHeight + kBarHeight + kLegendGap + legend(width).back().y()); }

std::vector<MemoryBar::Part> MemoryBar::parts() const {
    std::vector<Part> all;
    for (const plan::Kind kind : kStackedKinds) all.push_back({kindName(kind), kindColour(kind), m_parts[static_cast<std::size_t>(kind)]});
    all.push_back({featuresName(), featuresColour(), m_beside.features});
    all.push_back({processName(), processColour(), m_beside.process});
    std::erase_if(all, [](const Part& part) { return part.bytes <= 0; });
    return all;
}

std::vector<QPointF> MemoryBar::legend(double width) const {
    const QFontMetrics metrics(legendFont());
    std::vector<QPointF> places;
    QPointF at;
    for (const Part& part : parts()) {
        const double wide = kSign + metrics.horizontalAdvance(part.name);
        if (at.x() > 0 && at.x() + wide > width) at = {0, at.y() + kLegendRow};
        places.push_back(at);
        at.rx() += wide + kNameGap;
    }
    places.emplace_back(width, at.y() + kLegendRow);
    return places;
}

void MemoryBar::set(const plan::BytesByKind& kinds, const Beside& beside, std::optional<Bytes> budget, std::optional<Bytes> measured) {
    m_parts = kinds;
    m_beside = beside;
    m_budget = budget;
    m_measured = measured;
    QStringList words;
    for (const Part& part : parts()) words << tr("%1 %2").arg(part.name, format::bytes(part.bytes));
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    updateGeometry();
    update();
}

void MemoryBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme::textFont(0.85));
    const Bytes total = std::accumulate(m_parts.begin(), m_parts.end(), m_beside.features + m_beside.process);
    const double whole = static_cast<double>(std::max({total, m_measured.value_or(0), m_budget.value_or(0), Bytes{1}}));
    // A budget far beyond the need would leave nothing to see: the bar then shows the need, and the budget as words.
    const bool far = m_budget && total > 0 && whole > 8.0 * static_cast<double>(std::max(total, m_measured.value_or(0)));
    const double shown = far ? static_cast<double>(std::max(total, m_measured.value_or(0))) * 1.6 : whole * 1.09;
    const QRectF bar(0, kLabelHeight, width(), kBarHeight);
    QPainterPath round;
    round.addRoundedRect(bar, 5, 5);
    painter.fillPath(round, theme::tokens().raised);
    painter.save();
    painter.setClipPath(round);
    paintParts(painter, bar, bar.width() / shown);
    painter.restore();
    if (m_budget && !far) paintBudget(painter, bar, bar.width() / shown);
    if (m_measured) paintMeasured(painter, bar, bar.width() / shown);
    paintLegend(painter, bar.bottom() + kLegendGap);
}

void MemoryBar::paintParts(QPainter& painter, const QRectF& bar, double scale) {
    double x = bar.left();
    for (const Part& part : parts()) {
        const QRectF area(x, bar.top(), static_cast<double>(part.bytes) * scale, bar.height());
        paintPart(painter, area, part);
        x += area.width();
    }
}

void MemoryBar::paintPart(QPainter& painter, const QRectF& area, const Part& part) {
    painter.fillRect(area, part.colour);
    const QString figure = format::bytes(part.bytes);
    painter.setPen(inkOn(part.colour));
    painter.setFont(theme::textFont(0.8, QFont::DemiBold));
    if (painter.fontMetrics().horizontalAdvance(figure) + 10 < area.width()) painter.drawText(area, Qt::AlignCenter, figure);
}

void MemoryBar::paintBudget(QPainter& painter, const QRectF& bar, double scale) {
    const double x = std::min(bar.right() - 1, static_cast<double>(*m_budget) * scale);
    painter.setPen(QPen(theme::tokens().text, 2));
    painter.drawLine(QPointF(x, bar.top() - 6), QPointF(x, bar.bottom() + 6));
    painter.setPen(theme::tokens().muted);
    painter.setFont(theme::textFont(0.85));
    const QString words = tr("budget %1").arg(format::bytes(*m_budget));
    const double wide = painter.fontMetrics().horizontalAdvance(words);
    painter.drawText(QPointF(std::clamp(x - wide / 2, 0.0, std::max(0.0, bar.right() - wide)), bar.top() - 8), words);
}

void MemoryBar::paintMeasured(QPainter& painter, const QRectF& bar, double scale) {
    const double x = static_cast<double>(*m_measured) * scale;
    const QColor colour = theme::tokens().good;
    QPainterPath mark;
    mark.moveTo(x - 5, bar.top() - 6);
    mark.lineTo(x + 5, bar.top() - 6);
    mark.lineTo(x, bar.top() - 0.5);
    painter.fillPath(mark, colour);
    painter.setPen(colour);
    painter.setFont(theme::textFont(0.85));
    const QString words = tr("tensors measured %1").arg(format::bytes(*m_measured));
    const double wide = painter.fontMetrics().horizontalAdvance(words);
    painter.drawText(QPointF(std::clamp(x - wide - 8, 0.0, bar.right() - wide), bar.top() - 8), words);
}

void MemoryBar::paintLegend(QPainter& painter, double top) {
    painter.setFont(legendFont());
    const std::vector<QPointF> places = legend(width());
    std::size_t at = 0;
    for (const Part& part : parts()) {
        const QPointF place = places[at++] + QPointF(0, top);
        painter.setPen(Qt::NoPen);
        painter.setBrush(part.colour);
        painter.drawRoundedRect(QRectF(place.x(), place.y() + 3, 9, 9), 2, 2);
        painter.setPen(theme::tokens().muted);
        painter.drawText(place + QPointF(kSign, 12), part.name);
    }
}

}  // namespace headroom::ui
