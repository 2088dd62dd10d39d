// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include <optional>

#include "base/plan/program.h"

namespace headroom::ui {

/// What memory a training step needs, by composition, against the budget as a line and the measurement of the tensors as a mark.
/// Beside the tensors stands what else the process takes.
class MemoryBar : public QWidget {
    Q_OBJECT
public:
    explicit MemoryBar(QWidget* parent = nullptr);
    void set(const plan::BytesByKind& parts, Bytes beside, std::optional<Bytes> budget, std::optional<Bytes> measured);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintParts(QPainter& painter, const QRectF& bar, double scale);
    void paintPart(QPainter& painter, const QRectF& area, const QColor& colour, Bytes bytes);
    void paintBudget(QPainter& painter, const QRectF& bar, double scale);
    void paintMeasured(QPainter& painter, const QRectF& bar, double scale);
    void paintLegend(QPainter& painter, double top);

    Bytes bytes(plan::Kind kind) const { return m_parts[static_cast<std::size_t>(kind)]; }

    plan::BytesByKind m_parts{};
    Bytes m_beside = 0;
    std::optional<Bytes> m_budget, m_measured;
};

}  // namespace headroom::ui
