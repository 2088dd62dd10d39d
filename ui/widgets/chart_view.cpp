// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Chart that places what lies on the picture: ranges, the last value, events, the crosshair.
#include "ui/widgets/plot.h"

#include <QAccessible>
#include <QStackedWidget>

#include <cmath>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/plot_style.h"

namespace headroom::ui {
namespace {

constexpr double kEndPixels = 54;
constexpr std::size_t kEventsShown = 12;

/// Events that change how a curve reads; checkpoints come too often for lines. What memory did to the run (out of
/// memory, another micro-batch) is on every chart.
bool isDrawn(const std::string& kind, bool all) {
    if (kind == "memory") return true;
    return all && kind != "checkpoint" && kind != "start" && kind != "evaluation" && kind != "end";
}

double nearestValue(const QVector<double>& xs, const QVector<double>& values, double x) {
    const auto at = std::lower_bound(xs.begin(), xs.end(), x);
    if (at == xs.end()) return values.last();
    const auto index = at - xs.begin();
    return index > 0 && x - xs[index - 1] < *at - x ? values[index - 1] : values[index];
}

}  // namespace

void Chart::applyTicker() {
    switch (m_group.axis()) {
        case XAxis::ProcessTime:
        case XAxis::RelativeTime: m_plot->xAxis->setTicker(durationTicker()); break;
        case XAxis::WallTime: m_plot->xAxis->setTicker(clockTicker()); break;
        default: m_plot->xAxis->setTicker(plainTicker());
    }
    m_plot->xAxis->setLabel({});
}

void Chart::reportExtent() {
    std::optional<std::pair<double, double>> extent;
    for (const auto& [key, line] : m_lines) {
        if (line.trace.x.isEmpty()) continue;
        const double low = line.trace.x.first(), high = line.trace.x.last();
        extent = extent ? std::pair(std::min(extent->first, low), std::max(extent->second, high)) : std::pair(low, high);
    }
    m_group.setExtent(this, extent);
}

/// Room for the last value at the end of the selected curve.
double Chart::endPixels() const {
    const Line* line = selectedLine();
    if (!line || line->trace.x.isEmpty()) return kEndPixels;
    const Trace& trace = line->trace;
    const QString text = figureText(trace.x.size() < 60 ? trace.value.last() : trace.smooth.last());
    return std::max<double>(kEndPixels, QFontMetrics(theme::figureFont(0.88)).horizontalAdvance(text) + 9);
}

void Chart::fitRanges() {
    if (m_group.range()) {
        m_plot->xAxis->setRange(m_group.range()->first, m_group.range()->second);
    } else {
        auto [low, high] = m_group.extent().value_or(std::pair(0.0, 1.0));
        if (low == high) high = low + 1;
        const double end = endPixels(), width = std::max(60.0, m_plot->axisRect()->width() - end);
        m_plot->xAxis->setRange(low, high + (high - low) * end / width);
    }
    fitValues();
}

void Chart::fitValues() {
    const QCPRange shown = m_plot->xAxis->range();
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const auto& [key, line] : m_lines) {
        const Trace& trace = line.trace;
        const bool few = trace.x.size() < 60;
        for (qsizetype i = 0; i < trace.x.size(); ++i) {
            if (!shown.contains(trace.x[i])) continue;
            const double value = few ? trace.value[i] : trace.smooth[i];
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high) return;
    if (m_spec.logarithmic) {
        m_plot->yAxis->setRange(std::max(low, 1e-12) / 1.3, std::max(high, 1e-12) * 1.3);
    } else {
        const double room = high > low ? (high - low) * 0.07 : std::max(std::fabs(high) * 0.1, 1e-9);
        const bool fromZero = low >= 0 && low < (high - low) * 0.6;
        m_plot->yAxis->setRange(fromZero ? 0 : low - room, high + room);
    }
    for (auto& [key, line] : m_lines) {
        const double bottom = m_plot->yAxis->range().lower;
        line.bad->setData(line.trace.notFinite, QVector<double>(line.trace.notFinite.size(), bottom), true);
    }
}

void Chart::placeEnd() {
    const Line* line = selectedLine();
    const bool there = line && !line->trace.x.isEmpty() && m_plot->xAxis->range().contains(line->trace.x.last());
    m_end->setVisible(there);
    if (!there) return;
    const Trace& trace = line->trace;
    const double last = trace.x.size() < 60 ? trace.value.last() : trace.smooth.last();
    m_end->setText(figureText(last));
    m_end->setFont(theme::figureFont(0.88));
    m_end->setColor(line->smooth->pen().color());
    m_end->setBrush(theme::tokens().panel);
    m_end->setPadding(QMargins(5, 0, 0, 0));
    const bool low = m_plot->yAxis->range().size() > 0 && (last - m_plot->yAxis->range().lower) / m_plot->yAxis->range().size() < 0.06;
    m_end->setPositionAlignment(Qt::AlignLeft | (low ? Qt::AlignBottom : Qt::AlignVCenter));
    m_end->position->setCoords(trace.x.last(), last);
}

void Chart::placeEvents() {
    for (const auto& [line, text] : m_eventItems) {
        m_plot->removeItem(line);
        m_plot->removeItem(text);
    }
    m_eventItems.clear();
    m_eventWords.clear();
    if (m_group.axis() != XAxis::Step) return;
    const QColor colour = theme::tokens().warning;
    for (const store::Event& event : m_events) {
        if (!isDrawn(event.kind, m_spec.events) || event.step <= 0 || m_eventItems.size() >= kEventsShown) continue;
        auto* line = new QCPItemStraightLine(m_plot);
        line->point1->setCoords(static_cast<double>(event.step), 0);
        line->point2->setCoords(static_cast<double>(event.step), 1);
        line->setPen(QPen(colour, 1, Qt::DashLine));
        auto* text = new QCPItemText(m_plot);
        text->position->setTypeX(QCPItemPosition::ptPlotCoords);
        text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
        text->position->setCoords(static_cast<double>(event.step), 0.02 + 0.09 * static_cast<double>(m_eventItems.size() % 3));
        text->setColor(colour);
        m_eventWords << QString::fromStdString(event.text);
        placeWords(*text, m_eventWords.last(), static_cast<double>(event.step));
        m_eventItems.emplace_back(line, text);
    }
}

/// Beside its line where there is more room, and no longer than that.
void Chart::placeWords(QCPItemText& text, const QString& words, double x) {
    constexpr int kAround = 8;
    const QFont font = theme::textFont(0.8);
    const QCPRange range = m_plot->xAxis->range();
    const double wide = m_plot->axisRect()->width(), left = (x - range.lower) / range.size() * wide, right = wide - left;
    const bool toTheRight = right >= left || right >= QFontMetrics(font).horizontalAdvance(words) + kAround;
    text.setFont(font);
    text.setPadding(QMargins(5, 1, 5, 0));
    text.setPositionAlignment((toTheRight ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignTop);
    text.setText(QFontMetrics(font).elidedText(words, Qt::ElideRight, std::max(0, static_cast<int>(toTheRight ? right : left) - kAround)));
}

QString Chart::readout() const {
    const Line* line = selectedLine();
    if (!line || line->trace.x.isEmpty()) return {};
    const Trace& trace = line->trace;
    if (m_group.cursor()) return figureText(nearestValue(trace.x, trace.value, *m_group.cursor()));
    return figureText(trace.x.size() < 60 ? trace.value.last() : trace.smooth.last());
}

void Chart::placeCursor() {
    setFigure(m_group.cursor() ? readout() : QString());
    m_cursorLine->setVisible(m_group.cursor().has_value());
    if (m_group.cursor()) {
        m_cursorLine->setPen(QPen(theme::tokens().muted, 1));
        m_cursorLine->point1->setCoords(*m_group.cursor(), m_plot->yAxis->range().lower);
        m_cursorLine->point2->setCoords(*m_group.cursor(), m_plot->yAxis->range().upper);
    }
    if (m_stack->currentWidget() == m_plot && m_plot->isVisible()) m_plot->layer(QStringLiteral("cursor"))->replot();
}

void Chart::moveCursor(int points) {
    const Line* line = selectedLine();
    if (!line || line->trace.x.isEmpty()) return;
    const QVector<double>& xs = line->trace.x;
    qsizetype at = m_group.cursor() ? std::lower_bound(xs.begin(), xs.end(), *m_group.cursor()) - xs.begin() : xs.size() - 1;
    at = std::clamp<qsizetype>(at + points, 0, xs.size() - 1);
    m_group.setCursor(xs[at]);
    announce();
}

/// A screen reader says where the cursor stands.
void Chart::announce() {
    setAccessibleDescription(tr("%1 %2: %3").arg(title(m_group.axis()), format::value(m_group.cursor().value_or(0)), readout()));
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

}  // namespace headroom::ui
