// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>
#include <QVector>

#include "ui/panels/context.h"
#include "ui/widgets/chart.h"

class QStackedWidget;

namespace headroom::ui {

class ChartToolbar;
class MemoryCard;
class SetupCard;

/// Charts of the runs in the middle, what a step needs in memory below them, the settings of the next run at the right.
class TrainPanel : public Panel {
    Q_OBJECT
public:
    explicit TrainPanel(const Context& context, QWidget* parent = nullptr);

    QVector<Chart*> charts() const { return m_charts; }
    /// The settings of the next run: the shell puts them beside the page.
    SetupCard& setup() { return *m_setup; }
    MemoryCard& memory() { return *m_memory; }
    bool accept(const QString& path) override;

private:
    Chart* addChart(const ChartSpec& spec);
    QWidget* chartColumn();
    void connectCurves();
    void watchNow();
    void updateMetric();
    void updateEmptyTexts();

    Context m_context;
    QVector<Chart*> m_charts;
    Chart *m_accuracy = nullptr, *m_miou = nullptr, *m_r2 = nullptr, *m_valLoss = nullptr, *m_norm = nullptr;
    QStackedWidget* m_metric = nullptr;
    ChartToolbar* m_toolbar = nullptr;
    MemoryCard* m_memory = nullptr;
    SetupCard* m_setup = nullptr;
    QTimer m_watch;
};

}  // namespace headroom::ui
