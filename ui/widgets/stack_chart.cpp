// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/stack_chart.h"

#include <QAccessible>
#include <QHeaderView>
#include <QKeyEvent>
#include <QStackedWidget>
#include <QTableView>

#include <cmath>
#include <ranges>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/kinds.h"
#include "ui/widgets/plot.h"
#include "ui/widgets/plot_style.h"

namespace headroom::ui {
namespace {

constexpr double kWordsHeight = 24;  ///< px above the peak, for its words
constexpr int kPaintMs = 100;
constexpr double kFarAbove = 2.5;  ///< times the data: a level beyond is left out

bool isShown(const StackChart::Level& level, double most) { return level.bytes <= kFarAbove * most; }

}  // namespace

StackChart::StackChart(const QString& title, Drawn drawn, QWidget* parent)
    : Card(title, parent), m_drawn(drawn), m_stack(new QStackedWidget), m_plot(new QCustomPlot), m_table(new QTableView), m_model(new StackTable(this)), m_empty(toned({}, "muted")), m_note(toned({}, "muted")) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Chart: %1").arg(title));
    setAccessibleDescription(tr("Left and right arrow move the cursor, T shows the values as a table."));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_table->setModel(m_model);
    m_table->setAccessibleName(tr("Values of %1").arg(title));
    m_table->verticalHeader()->hide();
    for (QWidget* page : {static_cast<QWidget*>(m_plot), static_cast<QWidget*>(m_table), static_cast<QWidget*>(m_empty)}) m_stack->addWidget(page);
    m_stack->setCurrentWidget(m_empty);
    m_note->setFont(theme::textFont(0.82));
    m_note->setTextFormat(Qt::RichText);
    m_note->hide();
    body()->addWidget(m_stack, 1);
    body()->addWidget(m_note);
    setMinimumSize(120, 110);
    m_plot->xAxis->setTicker(plainTicker());
    setUpPlot();
    m_paint.setSingleShot(true);
    m_paint.setInterval(kPaintMs);
    connect(&m_paint, &QTimer::timeout, this, &StackChart::repaintNow);
}

void StackChart::setUpPlot() {
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setMouseTracking(true);
    m_plot->installEventFilter(this);
    m_plot->setNotAntialiasedElements(QCP::aeAll);
    m_plot->yAxis->setTicker(bytesTicker());
    m_bandItem = new QCPItemRect(m_plot);
    m_bandItem->setVisible(false);
    m_bandItem->topLeft->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_bandItem->bottomRight->setTypeY(QCPItemPosition::ptAxisRectRatio);
    // The whole height first, then over it what lies below: each area reaches down to zero.
    for (QCPGraph*& area : m_areas | std::views::reverse) {
        area = m_plot->addGraph();
        area->setLineStyle(m_drawn == Drawn::Stepped ? QCPGraph::lsStepLeft : QCPGraph::lsStepRight);
        area->setAdaptiveSampling(false);
        area->setSelectable(QCP::stNone);
    }
    m_peakMark = m_plot->addGraph();
    m_peakMark->setLineStyle(QCPGraph::lsNone);
    m_plot->addLayer(QStringLiteral("cursor"), m_plot->layer(QStringLiteral("overlay")), QCustomPlot::limAbove);
    m_plot->layer(QStringLiteral("cursor"))->setMode(QCPLayer::lmBuffered);
    m_cursorLine = new QCPItemStraightLine(m_plot);
    m_cursorLine->setLayer(QStringLiteral("cursor"));
    m_cursorLine->setVisible(false);
    restyle();
}

void StackChart::restyle() {
    stylePlot(*m_plot);
    const Tokens& t = theme::tokens();
    for (std::size_t i = 0; i < m_areas.size(); ++i) {
        const QColor colour = kindColour(kStackedKinds[i]);
        m_areas[i]->setPen(QPen(colour, 1));
        m_areas[i]->setBrush(blended(colour, t.panel, 0.8));
    }
    m_peakMark->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, t.text, t.panel, 7));
    m_bandItem->setPen(Qt::NoPen);
    QColor band = t.text;
    band.setAlphaF(0.14f);
    m_bandItem->setBrush(band);
    m_cursorLine->setPen(QPen(t.text, 1));
}

void StackChart::schedule() {
    if (!m_paint.isActive()) m_paint.start();
}

void StackChart::setData(StackData data) {
    m_data = std::move(data);
    m_stale = true;
    m_cursor.reset();
    schedule();
}

void StackChart::setLevels(const std::vector<Level>& levels) { m_levels = levels, schedule(); }
void StackChart::setMarks(const std::vector<Mark>& marks) { m_marks = marks, schedule(); }

void StackChart::setParts(const std::vector<Part>& parts) {
    m_parts = parts;
    auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    for (const Part& part : parts) ticker->addTick((part.from + part.to) / 2, part.text);
    m_plot->xAxis->setTicker(ticker);
    schedule();
}

void StackChart::setPeak(const std::optional<Peak>& peak) { m_peak = peak, schedule(); }
void StackChart::setBand(const std::optional<std::pair<double, double>>& band) { m_band = band, schedule(); }
void StackChart::setEmptyText(const QString& text) { m_empty->setText(text); }

void StackChart::setSummary(const QString& text) {
    m_summary = text;
    if (!m_cursor) setFigure(text);
}

void StackChart::setNote(const QString& text) {
    m_note->setText(text);
    m_note->setVisible(!text.isEmpty() && !m_data.x.isEmpty());
}

void StackChart::showTable(bool table) {
    if (m_data.x.isEmpty()) return;
    m_stack->setCurrentWidget(table ? static_cast<QWidget*>(m_table) : m_plot);
    m_stale = true;
    schedule();
}

void StackChart::repaintNow() {
    m_paint.stop();
    const bool there = !m_data.x.isEmpty();
    if (!there)
        m_stack->setCurrentWidget(m_empty);
    else if (m_stack->currentWidget() == m_empty)
        m_stack->setCurrentWidget(m_plot);
    setFigure(m_cursor ? readout() : there ? m_summary : QString());
    if (!there) return;
    if (m_stack->currentWidget() == m_table) {
        if (m_stale) m_model->set(m_data);
        return;
    }
    if (m_stale) feedAreas();
    m_stale = false;
    fitRanges();
    for (QCPAbstractItem* item : m_words) m_plot->removeItem(item);
    for (QCPAbstractItem* item : m_lines) m_plot->removeItem(item);
    m_words.clear();
    m_lines.clear();
    placeBand();
    placeParts();
    placeLevels();
    placeMarks();
    placePeak();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void StackChart::feedAreas() {
    QVector<double> sum(m_data.x.size(), 0.0);
    for (std::size_t i = 0; i < m_areas.size(); ++i) {
        const bool there = m_data.has(kStackedKinds[i]);
        m_areas[i]->setVisible(there);
        if (!there) continue;
        for (qsizetype at = 0; at < sum.size(); ++at) sum[at] += m_data.at(kStackedKinds[i], at);
        m_areas[i]->setData(m_data.x, sum, true);
    }
}

/// The largest of the data and of what is marked in it.
double StackChart::room() const {
    double most = m_peak ? m_peak->bytes : 1;
    for (qsizetype i = 0; i < m_data.x.size(); ++i) most = std::max(most, m_data.total(i));
    return most;
}

void StackChart::fitRanges() {
    const double most = room();
    double high = most;
    for (const Level& level : m_levels)
        if (isShown(level, most)) high = std::max(high, level.bytes);
    const double first = m_data.x.first(), last = m_data.x.last();
    m_plot->xAxis->setRange(first, last > first ? last : first + 1);
    const double tall = std::max(2.0 * kWordsHeight, double(m_plot->axisRect()->height()));
    m_plot->yAxis->setRange(0, high * tall / (tall - kWordsHeight));  // the words of the peak stand above it
}

QCPItemText* StackChart::words(const QString& text, const QColor& colour) {
    auto* item = new QCPItemText(m_plot);
    item->setText(text);
    item->setFont(theme::textFont(0.8));
    item->setColor(colour);
    item->setPadding(QMargins(4, 1, 4, 1));
    m_words.push_back(item);
    return item;
}

void StackChart::placeLevels() {
    const double most = room();
    for (const Level& level : m_levels) {
        if (!isShown(level, most)) continue;
        const QColor colour = level.isLimit ? theme::tokens().bad : theme::tokens().text;
        QCPItemText* text = words(level.text, colour);
        text->setBrush(theme::tokens().panel);
        text->setPositionAlignment(Qt::AlignRight | Qt::AlignBottom);
        text->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
        text->position->setCoords(1, level.bytes);
        auto* line = new QCPItemStraightLine(m_plot);
        line->setPen(QPen(colour, 1, Qt::DashLine));
        line->point1->setCoords(0, level.bytes);
        line->point2->setCoords(1, level.bytes);
        m_lines.push_back(line);
    }
}

void StackChart::placeMarks() {
    int row = 0;
    const QColor colour = theme::tokens().warning;
    for (const Mark& mark : m_marks) {
        auto* line = new QCPItemStraightLine(m_plot);
        line->setPen(QPen(colour, 1, Qt::DashLine));
        line->point1->setCoords(mark.x, 0);
        line->point2->setCoords(mark.x, 1);
        m_lines.push_back(line);
        QCPItemText* text = words(mark.text, colour);
        const bool right = m_plot->xAxis->range().size() > 0 && (mark.x - m_plot->xAxis->range().lower) / m_plot->xAxis->range().size() > 0.7;
        text->setPositionAlignment((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignTop);
        text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
        text->position->setCoords(mark.x, 0.02 + 0.09 * (row++ % 3));
    }
}

/// A quiet line where each part but the first begins.
void StackChart::placeParts() {
    for (std::size_t i = 1; i < m_parts.size(); ++i) {
        auto* line = new QCPItemStraightLine(m_plot);
        line->setPen(QPen(theme::tokens().muted, 1, Qt::DotLine));
        line->point1->setCoords(m_parts[i].from, 0);
        line->point2->setCoords(m_parts[i].from, 1);
        m_lines.push_back(line);
    }
}

void StackChart::placePeak() {
    m_peakMark->setVisible(m_peak.has_value());
    if (!m_peak) return;
    m_peakMark->setData(QVector<double>{m_peak->x}, QVector<double>{m_peak->bytes}, true);
    QCPItemText* text = words({}, theme::tokens().text);
    text->setFont(theme::textFont(0.8, QFont::DemiBold));
    const QCPRange range = m_plot->xAxis->range();
    const double wide = m_plot->axisRect()->width(), half = std::min(wide, QFontMetrics(text->font()).horizontalAdvance(m_peak->text) + 8.0) / 2;
    text->setText(QFontMetrics(text->font()).elidedText(m_peak->text, Qt::ElideRight, static_cast<int>(wide) - 8));
    const double centre = std::clamp((m_peak->x - range.lower) / range.size() * wide, half, wide - half);
    text->setPositionAlignment(Qt::AlignHCenter | Qt::AlignBottom);
    text->setPadding(QMargins(4, 0, 4, 6));
    text->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    text->position->setCoords(centre / wide, m_peak->bytes);
}

void StackChart::placeBand() {
    m_bandItem->setVisible(m_band.has_value());
    if (!m_band) return;
    m_bandItem->topLeft->setCoords(m_band->first, 0);
    m_bandItem->bottomRight->setCoords(std::max(m_band->second, m_band->first + m_plot->xAxis->range().size() * 0.004), 1);
}

QString StackChart::readout() const {
    if (!m_cursor) return {};
    QStringList parts{m_data.moments.value(*m_cursor), format::bytes(static_cast<Bytes>(m_data.total(*m_cursor)))};
    return parts.join(QStringLiteral(" · "));
}

void StackChart::setCursor(std::optional<qsizetype> index) {
    if (index == m_cursor) return;
    m_cursor = index;
    setFigure(m_cursor ? readout() : m_summary);
    m_cursorLine->setVisible(m_cursor.has_value());
    if (m_cursor) {
        m_cursorLine->point1->setCoords(m_data.x[*m_cursor], 0);
        m_cursorLine->point2->setCoords(m_data.x[*m_cursor], 1);
        QStringList kinds;
        for (const plan::Kind kind : kStackedKinds)
            if (const double bytes = m_data.at(kind, *m_cursor); bytes > 0) kinds << tr("%1 %2").arg(kindName(kind), format::bytes(static_cast<Bytes>(bytes)));
        m_plot->setToolTip(readout() + '\n' + kinds.join('\n'));
        setAccessibleDescription(readout() + QStringLiteral(": ") + kinds.join(QStringLiteral(", ")));
        QAccessibleEvent event(this, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&event);
    }
    if (m_plot->isVisible()) m_plot->layer(QStringLiteral("cursor"))->replot();
}

bool StackChart::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_plot) return Card::eventFilter(watched, event);
    if (event->type() == QEvent::Leave) setCursor(std::nullopt);
    if (event->type() == QEvent::Resize) schedule();
    if (event->type() == QEvent::MouseButtonPress) setFocus(Qt::MouseFocusReason);
    if (event->type() == QEvent::MouseMove && !m_data.x.isEmpty()) {
        const double x = m_plot->xAxis->pixelToCoord(static_cast<QMouseEvent*>(event)->position().x());
        const auto after = std::upper_bound(m_data.x.begin(), m_data.x.end(), x) - m_data.x.begin();
        setCursor(std::clamp<qsizetype>(after - 1, 0, m_data.x.size() - 1));
    }
    return false;
}

void StackChart::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copy();
    const bool isArrow = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
    if (event->key() == Qt::Key_T) return showTable(m_stack->currentWidget() != m_table);
    if (!isArrow || m_data.x.isEmpty()) return Card::keyPressEvent(event);
    const qsizetype by = (event->key() == Qt::Key_Left ? -1 : 1) * (event->modifiers() & Qt::ShiftModifier ? 10 : 1);
    setCursor(std::clamp<qsizetype>(m_cursor.value_or(by < 0 ? m_data.x.size() : -1) + by, 0, m_data.x.size() - 1));
}

QString StackChart::tabSeparated() const {
    QStringList head{tr("moment"), tr("total")}, lines;
    for (const plan::Kind kind : kStackedKinds) head << kindName(kind);
    lines << head.join('\t');
    for (qsizetype i = 0; i < m_data.x.size(); ++i) {
        QStringList row{m_data.moments.value(i), QString::number(m_data.total(i), 'f', 0)};
        for (const plan::Kind kind : kStackedKinds) row << QString::number(m_data.at(kind, i), 'f', 0);
        lines << row.join('\t');
    }
    return lines.join('\n') + '\n';
}

void StackChart::copy() const { copyPlot(*m_plot, tabSeparated()); }

void StackChart::changeEvent(QEvent* event) {
    Card::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_plot) return;
    restyle();
    schedule();
}

void StackChart::focusInEvent(QFocusEvent* event) {
    Card::focusInEvent(event);
    markFocus(*this, true);
}

void StackChart::focusOutEvent(QFocusEvent* event) {
    Card::focusOutEvent(event);
    markFocus(*this, false);
}

}  // namespace headroom::ui
