// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QVector>
#include <QWidget>

class QComboBox;
class QSlider;
class QDoubleSpinBox;
class QToolButton;

namespace headroom::ui {

class Chart;
class ChartGroup;

/// X axis, smoothing and scale of all charts of the page.
class ChartToolbar : public QWidget {
    Q_OBJECT
public:
    ChartToolbar(ChartGroup& group, QVector<Chart*> charts, QWidget* parent = nullptr);

private:
    void follow();

    ChartGroup& m_group;
    QVector<Chart*> m_charts;
    QComboBox* m_axis;
    QSlider* m_smoothing;
    QDoubleSpinBox* m_exact;
    QToolButton *m_log, *m_all;
};

}  // namespace headroom::ui
