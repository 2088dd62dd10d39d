// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/data/class_bars.h"

#include <QPainter>

#include <algorithm>

#include "ui/bridge/format.h"
#include "ui/panels/predict/answers_model.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {
constexpr int kRow = 24, kLongestName = 130, kFigure = 64;
}

ClassBars::ClassBars(QWidget* parent) : QWidget(parent) { setAccessibleName(tr("Samples in each class")); }

void ClassBars::set(const QStringList& classes, const QVector<qint64>& counts) {
    m_classes.clear();
    for (const QString& each : classes) m_classes << labelText(each);  // a class of text may be a blank
    m_counts = counts;
    QStringList words;
    for (qsizetype i = 0; i < std::min(classes.size(), counts.size()); ++i) words << tr("%1: %2").arg(m_classes[i]).arg(counts[i]);
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    setMinimumHeight(sizeHint().height());
    updateGeometry();
    update();
}

QSize ClassBars::sizeHint() const { return {280, static_cast<int>(std::min(m_classes.size(), m_counts.size())) * kRow}; }

void ClassBars::paintEvent(QPaintEvent*) {
    if (m_counts.isEmpty()) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = theme::tokens();
    painter.setFont(theme::textFont(0.92));
    int name = 12;
    for (const QString& each : m_classes) name = std::max(name, painter.fontMetrics().horizontalAdvance(each) + 14);
    name = std::min(name, kLongestName);
    const double most = static_cast<double>(std::max<qint64>(1, *std::max_element(m_counts.begin(), m_counts.end())));
    for (int i = 0; i < std::min(m_classes.size(), m_counts.size()); ++i) {
        const QRectF row(0, i * kRow, width(), kRow);
        painter.setPen(t.text);
        painter.setFont(theme::textFont(0.92));
        painter.drawText(QRectF(0, row.top(), name - 8, kRow), Qt::AlignVCenter, painter.fontMetrics().elidedText(m_classes[i], Qt::ElideRight, name - 8));
        const double whole = width() - name - kFigure;
        const QRectF bar(name, row.top() + 8, std::max(2.0, whole * static_cast<double>(m_counts[i]) / most), kRow - 16);
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.raised);
        painter.drawRoundedRect(QRectF(name, bar.top(), whole, bar.height()), 3, 3);
        painter.setBrush(t.series[0]);
        painter.drawRoundedRect(bar, 3, 3);
        painter.setPen(t.muted);
        painter.setFont(theme::figureFont(0.88));
        painter.drawText(QRectF(width() - kFigure, row.top(), kFigure, kRow), Qt::AlignVCenter | Qt::AlignRight, format::grouped(m_counts[i]));
    }
}

}  // namespace headroom::ui
