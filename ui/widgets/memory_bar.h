// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include <optional>
#include <vector>

#include "base/plan/program.h"

namespace headroom::ui {

/// What memory a training step needs, by composition, against the budget as a line and the measurement of the tensors as a mark.
/// Beside the tensors of a step stand kept features and what else the process takes.
class MemoryBar : public QWidget {
    Q_OBJECT
public:
    explicit MemoryBar(QWidget* parent = nullptr);
    /// What is there as long as the run, whatever a step does.
    struct Beside {
        Bytes features = 0, process = 0;
    };
    void set(const plan::BytesByKind& parts, const Beside& beside, std::optional<Bytes> budget, std::optional<Bytes> measured);
    QSize sizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    /// The names below the bar take as many rows as they need.
    int heightForWidth(int width) const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Part {
        QString name;
        QColor colour;
        Bytes bytes = 0;
    };
    /// In the order of the bar; none is empty.
    std::vector<Part> parts() const;
    /// Where the name of each part begins, below and right of the legend's corner; at last the legend's size.
    std::vector<QPointF> legend(double width) const;
    void paintParts(QPainter& painter, const QRectF& bar, double scale);
    void paintPart(QPainter& painter, const QRectF& area, const Part& part);
    void paintBudget(QPainter& painter, const QRectF& bar, double scale);
    void paintMeasured(QPainter& painter, const QRectF& bar, double scale);
    void paintLegend(QPainter& painter, double top);

    plan::BytesByKind m_parts{};
    Beside m_beside;
    std::optional<Bytes> m_budget, m_measured;
};

}  // namespace headroom::ui
