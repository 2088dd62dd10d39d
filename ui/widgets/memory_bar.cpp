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

constexpr double kLabelHeight = 18, kBarHeight = 25, kLegendGap = 12;

QString besideName() { return MemoryBar::tr("Process"); }

}  // namespace

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Memory of a training step"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize MemoryBar::sizeHint() const { return {400, static_cast<int>(kLabelHeight + kBarHeight + kLegendGap + 16)}; }

void MemoryBar::set(const plan::BytesByKind& parts, Bytes beside, std::optional<Bytes> budget, std::optional<Bytes> measured) {
    m_parts = parts;
    m_beside = beside;
    m_budget = budget;
    m_measured = measured;
    QStringList words;
    for (const plan::Kind kind : kStackedKinds)
        if (bytes(kind) > 0) words << tr("%1 %2").arg(kindName(kind), format::bytes(bytes(kind)));
    if (m_beside > 0) words << tr("%1 %2").arg(besideName(), format::bytes(m_beside));
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    update();
}

void MemoryBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme::textFont(0.85));
    const Bytes total = std::accumulate(m_parts.begin(), m_parts.end(), m_beside);
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
    const auto paint = [&](const QColor& colour, Bytes bytes) {
        const QRectF area(x, bar.top(), static_cast<double>(bytes) * scale, bar.height());
        paintPart(painter, area, colour, bytes);
        x += area.width();
    };
    for (const plan::Kind kind : kStackedKinds) paint(kindColour(kind), bytes(kind));
    paint(theme::tokens().muted, m_beside);
}

void MemoryBar::paintPart(QPainter& painter, const QRectF& area, const QColor& colour, Bytes bytes) {
    painter.fillRect(area, colour);
    const QString figure = format::bytes(bytes);
    painter.setPen(inkOn(colour));
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
    painter.setFont(theme::textFont(0.85));
    double x = 0;
    const auto paint = [&](const QColor& colour, const QString& name) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        painter.drawRoundedRect(QRectF(x, top + 3, 9, 9), 2, 2);
        painter.setPen(theme::tokens().muted);
        painter.drawText(QPointF(x + 14, top + 12), name);
        x += 14 + painter.fontMetrics().horizontalAdvance(name) + 18;
    };
    for (const plan::Kind kind : kStackedKinds)
        if (bytes(kind) > 0) paint(kindColour(kind), kindName(kind));
    if (m_beside > 0) paint(theme::tokens().muted, besideName());
}

}  // namespace headroom::ui
