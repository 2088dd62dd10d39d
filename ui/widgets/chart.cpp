// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart.h"

#include "ui/widgets/plot.h"

#include <QStackedWidget>
#include <cmath>
#include <QTableView>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/curve_table.h"
#include "ui/widgets/plot_style.h"

namespace headroom::ui {
namespace {

constexpr int kPaintMs = 100;

constexpr double kRawShare = 0.30;      ///< how much of its colour a raw curve keeps
constexpr int kSmoothDrawnUpTo = 8;     ///< curves; more are drawn without antialiasing
constexpr qsizetype kDotsUpTo = 30;     ///< points of a compared series that are dots, too

}  // namespace

Chart::Chart(ChartSpec spec, ChartGroup& group, QWidget* parent)
    : Card(spec.title, parent),
      m_spec(std::move(spec)),
      m_group(group),
      m_stack(new QStackedWidget),
      m_plot(new QCustomPlot),
      m_table(new QTableView),
      m_tableModel(new CurveTable(this)),
      m_empty(toned(tr("No run is selected."), "muted")),
      m_legend(toned(m_spec.legend, "muted")) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Chart: %1").arg(m_spec.title));
    setAccessibleDescription(tr("Left and right arrow move the cursor, T shows the values as a table."));
    m_legend->setFont(theme::textFont(0.82));
    head()->addWidget(m_legend);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_table->setModel(m_tableModel);
    m_table->setAccessibleName(tr("Values of %1").arg(m_spec.title));
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->verticalHeader()->hide();
    for (QWidget* page : {static_cast<QWidget*>(m_plot), static_cast<QWidget*>(m_table), static_cast<QWidget*>(m_empty)})
        m_stack->addWidget(page);
    m_stack->setCurrentWidget(m_empty);
    body()->addWidget(m_stack, 1);
    setMinimumSize(120, 110);
    setUpPlot();
    m_paint.setSingleShot(true);
    m_paint.setInterval(kPaintMs);
    connect(&m_paint, &QTimer::timeout, this, &Chart::repaintNow);
    const auto stale = [this] { m_tracesStale = true; schedule(); };
    connect(&m_group, &ChartGroup::styleChanged, this, stale);
    connect(&m_group, &ChartGroup::axisChanged, this, [this, stale] { applyTicker(); stale(); });
    connect(&m_group, &ChartGroup::rangeChanged, this, &Chart::schedule);
    connect(&m_group, &ChartGroup::extentChanged, this, &Chart::schedule);
    connect(&m_group, &ChartGroup::runsChanged, this, [this] { m_linesStale = true; schedule(); });
    connect(&m_group, &ChartGroup::cursorChanged, this, &Chart::placeCursor);
}

Chart::~Chart() { m_group.setExtent(this, std::nullopt); }

void Chart::setUpPlot() {
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setMouseTracking(true);
    m_plot->installEventFilter(this);
    m_plot->setAccessibleName(m_spec.title);
    m_plot->addLayer(QStringLiteral("cursor"), m_plot->layer(QStringLiteral("overlay")), QCustomPlot::limAbove);
    m_plot->layer(QStringLiteral("cursor"))->setMode(QCPLayer::lmBuffered);
    m_end = new QCPItemText(m_plot);
    m_end->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_end->setClipToAxisRect(false);
    m_end->setVisible(false);
    m_cursorLine = new QCPItemStraightLine(m_plot);
    m_cursorLine->setLayer(QStringLiteral("cursor"));
    m_cursorLine->setVisible(false);
    if (m_spec.figures == ChartSpec::Figures::Bytes) m_plot->yAxis->setTicker(bytesTicker());
    setLogarithmic(m_spec.logarithmic);
    applyTicker();
    stylePlot(*m_plot);
}

QStringList Chart::series() const {
    return m_spec.compared.isEmpty() ? QStringList{m_spec.series} : QStringList{m_spec.series, m_spec.compared};
}

void Chart::setCurve(const CurvePtr& curve) {
    const QString name = QString::fromStdString(curve->series.name);
    if (!series().contains(name)) return;
    m_curves[{curve->run, name}] = curve;
    const auto line = m_lines.find({curve->run, name});
    if (line == m_lines.end())
        m_linesStale = true;
    else
        line->second.data = curve, line->second.trace = traceOf(*curve, m_group.axis(), m_group.smoothing()), feedLine(line->second);
    schedule();
}

void Chart::setEvents(const std::vector<store::Event>& events) {
    m_events = events;
    schedule();
}

void Chart::setEmptyText(const QString& text) { m_empty->setText(text); }

void Chart::setLogarithmic(bool logarithmic) {
    m_spec.logarithmic = logarithmic;
    m_plot->yAxis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (logarithmic)
        m_plot->yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    else
        m_plot->yAxis->setTicker(m_spec.figures == ChartSpec::Figures::Bytes ? bytesTicker() : plainTicker());
    schedule();
}

void Chart::showTable(bool table) {
    m_stack->setCurrentWidget(table ? static_cast<QWidget*>(m_table) : m_plot);
    schedule();
}

void Chart::schedule() {
    if (!m_paint.isActive()) m_paint.start();
}

void Chart::repaintNow() {
    if (m_linesStale) rebuildLines();
    if (m_tracesStale) rebuildTraces();
    m_linesStale = m_tracesStale = false;
    const bool drawn = std::any_of(m_lines.begin(), m_lines.end(), [](const auto& entry) { return !entry.second.trace.empty(); });
    if (!drawn || m_stack->currentWidget() == m_empty)
        m_stack->setCurrentWidget(drawn ? static_cast<QWidget*>(m_plot) : m_empty);
    setFigure(m_group.cursor() ? readout() : QString());
    reportExtent();
    constexpr int kAround = 40;  // margins, and the gap to the title
    const int head = m_legend->sizeHint().width() + QFontMetrics(theme::textFont(0.95, QFont::DemiBold)).horizontalAdvance(m_spec.title) + kAround;
    m_legend->setVisible(drawn && !m_spec.legend.isEmpty() && head <= width());
    if (m_stack->currentWidget() == m_table && selectedLine()) m_tableModel->set(selectedLine()->trace, m_group.axis());
    if (m_stack->currentWidget() != m_plot) return;
    fitTicks(*m_plot);
    fitRanges();
    placeEnd();
    placeEvents();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void Chart::rebuildLines() {
    for (auto at = m_lines.begin(); at != m_lines.end();) {
        if (run(at->first.first)) {
            ++at;
            continue;
        }
        dropLine(at->second);
        m_curves.erase(at->first);
        at = m_lines.erase(at);
    }
    for (const auto& [key, curve] : m_curves) {
        const ShownRun* shown = run(key.first);
        if (!shown) continue;
        Line& line = lineFor(key);
        if (line.data != curve) {
            line.data = curve;
            line.trace = traceOf(*curve, m_group.axis(), m_group.smoothing());
            feedLine(line);
        }
        styleLine(key, line);
    }
}

void Chart::rebuildTraces() {
    for (auto& [key, line] : m_lines) {
        line.trace = traceOf(*line.data, m_group.axis(), m_group.smoothing());
        feedLine(line);
    }
}

Chart::Line& Chart::lineFor(const Key& key) {
    Line& line = m_lines[key];
    if (line.smooth) return line;
    const auto graph = [this] {
        QCPGraph* made = m_plot->addGraph();
        made->setAdaptiveSampling(true);
        made->setSelectable(QCP::stNone);
        return made;
    };
    line.low = graph();
    line.high = graph();
    line.raw = graph();
    line.smooth = graph();
    line.bad = graph();
    line.bad->setLineStyle(QCPGraph::lsNone);
    return line;
}

void Chart::dropLine(Line& line) {
    for (QCPGraph* graph : {line.raw, line.low, line.high, line.smooth, line.bad})
        if (graph) m_plot->removeGraph(graph);
}

void Chart::styleLine(const Key& key, Line& line) {
    const ShownRun* shown = run(key.first);
    const Tokens& t = theme::tokens();
    const QColor colour = seriesColour(shown->series);
    const bool compared = key.second == m_spec.compared;
    const bool thick = shown->selected;
    QPen pen(colour, thick && !compared ? 2 : 1, compared ? Qt::DashLine : seriesPattern(shown->series));
    pen.setCosmetic(true);
    line.smooth->setPen(pen);
    line.smooth->setAntialiased(static_cast<int>(m_lines.size()) <= kSmoothDrawnUpTo);
    const QColor faint = blended(colour, t.panel, kRawShare);
    line.raw->setPen(QPen(faint, 1));
    line.raw->setAntialiased(false);
    line.raw->setVisible(!compared && m_group.smoothing() > 0);
    for (QCPGraph* edge : {line.low, line.high}) edge->setPen(QPen(Qt::NoPen));
    line.high->setBrush(blended(colour, t.panel, kRawShare * 0.6));
    line.high->setChannelFillGraph(line.low);
    line.bad->setPen(QPen(t.bad, 1));
    line.bad->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssTriangle, t.bad, t.bad, 7));
    line.compared = compared;
    markPoints(line);
    for (QCPGraph* graph : {line.smooth, line.bad}) graph->setLayer(thick ? QStringLiteral("axes") : QStringLiteral("main"));
}

/// One value is no line, and few of the compared ones would be lost among dashes: they are dots.
void Chart::markPoints(const Line& line) {
    const auto points = line.trace.x.size();
    const QColor colour = line.smooth->pen().color();
    const bool dotted = points == 1 || (line.compared && points < kDotsUpTo);
    line.smooth->setScatterStyle(dotted ? QCPScatterStyle(QCPScatterStyle::ssDisc, colour, colour, 4) : QCPScatterStyle());
}

/// A series of few points (validation) is drawn as it is: smoothing it would hide values that stand in the table.
void Chart::feedLine(Line& line) {
    const Trace& trace = line.trace;
    const bool few = trace.x.size() < 60;
    line.smooth->setData(trace.x, few ? trace.value : trace.smooth, true);
    markPoints(line);
    line.raw->setData(trace.x, trace.value, true);
    const QVector<double> edges = trace.low.isEmpty() ? QVector<double>() : trace.x;  // as many keys as values
    line.low->setData(edges, trace.low, true);
    line.high->setData(edges, trace.high, true);
    line.bad->setData(trace.notFinite, QVector<double>(trace.notFinite.size(), 0.0), true);
}

const ShownRun* Chart::run(const QString& id) const {
    for (const ShownRun& shown : m_group.runs())
        if (shown.id == id) return &shown;
    return nullptr;
}

const Chart::Line* Chart::selectedLine() const {
    const auto at = m_lines.find({m_group.selected(), m_spec.series});
    return at == m_lines.end() ? nullptr : &at->second;
}

QString Chart::figureText(double value) const {
    switch (m_spec.figures) {
        case ChartSpec::Figures::Rate: return format::learningRate(value);
        case ChartSpec::Figures::Bytes: return format::bytes(static_cast<Bytes>(value));
        case ChartSpec::Figures::PerSecond: return value < 100 ? QString::number(value, 'g', 3) : format::grouped(std::llround(value));
        case ChartSpec::Figures::Share: return format::metric(value);
        case ChartSpec::Figures::Plain: return format::metric(value);
    }
    return {};
}

void Chart::changeEvent(QEvent* event) {
    Card::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_plot) return;
    stylePlot(*m_plot);
    for (auto& [key, line] : m_lines)
        if (run(key.first)) styleLine(key, line);
    schedule();
}

}  // namespace headroom::ui
