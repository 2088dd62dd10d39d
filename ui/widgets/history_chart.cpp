// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/history_chart.h"

#include "ui/widgets/plot.h"

#include <cmath>

#include "ui/theme/theme.h"
#include "ui/widgets/chart_group.h"
#include "ui/widgets/plot_style.h"

namespace headroom::ui {
namespace {
constexpr double kSeconds = 300;
}

HistoryChart::HistoryChart(const QString& title, int series, Figures figures, QWidget* parent)
    : Card(title, parent), m_series(series), m_figures(figures), m_plot(new QCustomPlot), m_reason(toned({}, "muted")) {
    setAccessibleName(title);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_reason->setWordWrap(true);
    m_reason->setAlignment(Qt::AlignCenter);
    m_reason->hide();
    body()->addWidget(m_plot, 1);
    body()->addWidget(m_reason, 1);
    m_limitLine = m_plot->addGraph();
    m_all = m_plot->addGraph();
    m_ours = m_plot->addGraph();
    m_plot->xAxis->setTicker(durationTicker());
    m_plot->yAxis->setTicker(figures == Figures::Bytes ? bytesTicker() : plainTicker());
    setMinimumSize(120, 100);
    restyle();
}

void HistoryChart::restyle() {
    stylePlot(*m_plot);
    const Tokens& t = theme::tokens();
    const QColor colour = seriesColour(m_series);
    m_all->setPen(QPen(colour, 1));
    m_all->setBrush(blended(colour, t.panel, 0.22));
    m_ours->setPen(QPen(blended(colour, t.panel, 0.75), 1));
    m_ours->setBrush(blended(colour, t.panel, 0.5));
    m_limitLine->setPen(QPen(t.bad, 1, Qt::DashLine));
}

void HistoryChart::resizeEvent(QResizeEvent* event) {
    Card::resizeEvent(event);
    if (!m_figure.isEmpty()) showFigure();
}

/// As much of the figure as stands beside the title; all of it is in the tool tip.
void HistoryChart::showFigure() {
    constexpr int kAround = 40;  // margins, and the gap to the title
    const int room = width() - kAround - QFontMetrics(theme::textFont(0.95, QFont::DemiBold)).horizontalAdvance(heading());
    const bool fits = QFontMetrics(theme::figureFont(0.93)).horizontalAdvance(m_figure) <= room;
    setFigure(fits ? m_figure : m_figure.section(QStringLiteral(" · "), 0, 0));
    setToolTip(fits ? QString() : m_figure);
}

void HistoryChart::changeEvent(QEvent* event) {
    Card::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_plot) return;
    restyle();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HistoryChart::setLimit(std::optional<double> limit) { m_limit = limit; }

void HistoryChart::setUnreadable(const QString& reason) {
    m_reason->setText(reason);
    m_reason->show();
    m_plot->hide();
    m_figure.clear();
    setFigure({});
}

void HistoryChart::add(const Sample& sample, const QString& figure) {
    m_plot->show();
    m_reason->hide();
    m_figure = figure;
    showFigure();
    m_samples.push_back(sample);
    while (!m_samples.empty() && sample.time - m_samples.front().time > kSeconds) m_samples.pop_front();
    if (isVisible()) replot();
}

void HistoryChart::replot() {
    fitTicks(*m_plot);
    QVector<double> x, all, oursX, ours;
    const double now = m_samples.back().time;
    double high = m_limit.value_or(0);
    for (const Sample& sample : m_samples) {
        if (!sample.all) continue;
        x << sample.time - now;
        all << *sample.all;
        high = std::max(high, *sample.all);
        if (sample.ours) oursX << sample.time - now, ours << *sample.ours;
    }
    const double length = std::clamp(now - m_samples.front().time, 60.0, kSeconds);
    m_all->setData(x, all, true);
    m_ours->setData(oursX, ours, true);
    m_limitLine->setData(m_limit ? QVector<double>{-length, 0} : QVector<double>{}, m_limit ? QVector<double>{*m_limit, *m_limit} : QVector<double>{});
    m_plot->xAxis->setRange(-length, 0);
    m_plot->yAxis->setRange(0, m_figures == Figures::Share ? 105 : std::max(high * 1.08, 1e-9));
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

}  // namespace headroom::ui
