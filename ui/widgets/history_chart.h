// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QVector>

#include <deque>
#include <optional>

#include "ui/widgets/card.h"

class QCPGraph;
class QCustomPlot;

namespace headroom::ui {

/// The last minutes of one figure of the machine, filled: all of it, and below it the part that is ours. A figure that
/// cannot be read says so in place of a curve.
class HistoryChart : public Card {
    Q_OBJECT
public:
    enum class Figures { Bytes, Share, Plain };
    HistoryChart(const QString& title, int series, Figures figures, QWidget* parent = nullptr);

    struct Sample {
        double time = 0;  ///< seconds, growing
        std::optional<double> all, ours;
    };
    void add(const Sample& sample, const QString& figure);
    void setLimit(std::optional<double> limit);
    void setUnreadable(const QString& reason);

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void restyle();
    void showFigure();
    void replot();

    int m_series;
    Figures m_figures;
    QString m_figure;
    QCustomPlot* m_plot;
    QCPGraph *m_all, *m_ours, *m_limitLine;
    QLabel* m_reason;
    std::deque<Sample> m_samples;
    std::optional<double> m_limit;
};

}  // namespace headroom::ui
