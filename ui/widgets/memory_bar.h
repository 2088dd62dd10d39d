// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QVector>
#include <QWidget>

#include <optional>

#include "base/units/units.h"

namespace headroom::ui {

/// One colour of the bar.
struct MemoryPart {
    QString name;
    Bytes bytes = 0;
    int series = 0;  ///< index of its colour
};

/// What memory a training step needs, by composition, against the budget as a line and the measurement as a mark.
class MemoryBar : public QWidget {
    Q_OBJECT
public:
    explicit MemoryBar(QWidget* parent = nullptr);
    void set(const QVector<MemoryPart>& parts, std::optional<Bytes> budget, std::optional<Bytes> measured);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintParts(QPainter& painter, const QRectF& bar, double scale);
    void paintBudget(QPainter& painter, const QRectF& bar, double scale);
    void paintMeasured(QPainter& painter, const QRectF& bar, double scale);
    void paintLegend(QPainter& painter, double top);

    QVector<MemoryPart> m_parts;
    std::optional<Bytes> m_budget, m_measured;
};

}  // namespace headroom::ui
