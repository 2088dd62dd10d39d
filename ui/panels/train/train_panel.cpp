// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/train/train_panel.h"

#include <QHBoxLayout>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/memory/live_card.h"
#include "ui/panels/memory/memory_card.h"
#include "ui/panels/selection.h"
#include "ui/panels/train/chart_toolbar.h"
#include "ui/panels/train/setup_card.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;
constexpr int kWatchDelayMs = 30;  ///< several changes of the selection are one question to the reader

}  // namespace

TrainPanel::TrainPanel(const Context& context, QWidget* parent) : Panel(parent), m_context(context) {
    m_setup = new SetupCard(context);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGap);
    layout->addWidget(chartColumn(), 1);
    connect(m_setup, &SetupCard::wanted, this, &Panel::wanted);
    connect(&context.memory, &MemoryPlan::changed, this, [this] { m_setup->setPlan(m_context.memory.memory()); });
    m_watch.setSingleShot(true);
    m_watch.setInterval(kWatchDelayMs);
    connect(&m_watch, &QTimer::timeout, this, &TrainPanel::watchNow);
    connectCurves();
    updateMetric();
    updateEmptyTexts();
}

Chart* TrainPanel::addChart(const ChartSpec& spec) {
    auto* chart = new Chart(spec, m_context.charts);
    m_charts << chart;
    return chart;
}

QWidget* TrainPanel::chartColumn() {
    Chart* loss = addChart({.title = tr("Loss"), .series = "train_loss", .compared = "val_loss", .legend = tr("solid training · dashed validation")});
    m_accuracy = addChart({.title = tr("Validation accuracy"), .series = "val_accuracy", .figures = ChartSpec::Figures::Share});
    m_miou = addChart({.title = tr("Validation mean IoU"), .series = "val_miou", .compared = "val_accuracy", .legend = tr("dashed: accuracy of pixels"), .figures = ChartSpec::Figures::Share});
    m_r2 = addChart({.title = tr("Validation R²"), .series = "val_r2"});
    m_valLoss = addChart({.title = tr("Validation loss"), .series = "val_loss"});
    Chart* lr = addChart({.title = tr("Learning rate"), .series = "lr", .figures = ChartSpec::Figures::Rate, .events = false});
    Chart* rate = addChart({.title = tr("Throughput, samples/s"), .series = "samples_per_s", .figures = ChartSpec::Figures::PerSecond, .events = false});
    Chart* memory = addChart({.title = tr("Memory"), .series = "memory.process", .compared = "memory.tensors", .legend = tr("dashed: tensors"), .figures = ChartSpec::Figures::Bytes, .events = false});
    m_norm = addChart({.title = tr("Gradient norm"), .series = "grad_norm", .events = false});
    m_norm->hide();
    m_metric = new QStackedWidget;
    for (Chart* chart : {m_accuracy, m_miou, m_r2, m_valLoss}) m_metric->addWidget(chart);
    m_toolbar = new ChartToolbar(m_context.charts, m_charts);
    m_memory = new MemoryCard(m_context);

    auto* column = new QWidget;
    auto* rows = new QVBoxLayout(column);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    const auto row = [rows](std::initializer_list<QWidget*> widgets, int stretch) {
        auto* line = new QHBoxLayout;
        line->setSpacing(kGap);
        for (QWidget* widget : widgets) line->addWidget(widget, 1);
        rows->addLayout(line, stretch);
    };
    rows->addWidget(m_toolbar);
    row({loss, m_metric}, 5);
    rows->addWidget(m_memory);
    row({lr, rate, memory, m_norm}, 3);
    return column;
}

void TrainPanel::connectCurves() {
    CurveReader& curves = m_context.bridge.curves();
    connect(&curves, &CurveReader::curve, this, [this](const CurvePtr& curve) {
        for (Chart* chart : m_charts) chart->setCurve(curve);
        // Measured only where gradients are clipped: a chart that would stay empty is not there.
        if (curve->series.name == "grad_norm" && curve->run == m_context.selection.current()) m_norm->show();
        m_memory->setCurve(curve);
    });
    connect(&curves, &CurveReader::events, this, [this](const QString& run, const EventList& events) {
        if (run != m_context.selection.current()) return;
        for (Chart* chart : m_charts) chart->setEvents(events);
    });
    const auto soon = [this] { m_watch.start(); };
    connect(&m_context.selection, &Selection::shownChanged, this, soon);
    connect(&m_context.selection, &Selection::currentChanged, this, [this] {
        for (Chart* chart : m_charts) chart->setEvents({});
        m_norm->hide();
        updateMetric();
        updateEmptyTexts();
        m_watch.start();
    });
    connect(&m_context.selection, &Selection::runChanged, this, [this] { updateMetric(); updateEmptyTexts(); });
    connect(&m_context.charts, &ChartGroup::rangeChanged, this, soon);
    connect(&m_context.charts, &ChartGroup::axisChanged, this, soon);
}

void TrainPanel::watchNow() {
    Watch watch;
    watch.runs = m_context.selection.shown();
    watch.selected = m_context.selection.current();
    for (const QString& id : std::as_const(watch.runs)) {
        const store::RunSummary* run = m_context.runs.find(id);
        if (run && (store::isLive(run->state) || run->state == store::RunState::Queued)) watch.live << id;
    }
    for (const Chart* chart : std::as_const(m_charts))
        for (const QString& name : chart->series())
            if (!watch.series.contains(name)) watch.series << name;
    watch.series << memorySeries();  // for the page about memory
    const auto& zoom = m_context.charts.range();
    const XAxis axis = m_context.charts.axis();
    if (zoom && axis != XAxis::ProcessTime && axis != XAxis::RelativeTime) watch.range = {storeAxis(axis), zoom->first, zoom->second};
    m_context.bridge.watch(watch);
}

void TrainPanel::updateMetric() {
    const store::RunSummary* run = m_context.selection.run();
    if (!run) return;
    const bool masks = run->metrics.count("val_miou") || run->arch == "unet_small";
    Chart* chart = masks ? m_miou : run->metrics.count("val_r2") ? m_r2 : run->metrics.count("val_accuracy") || run->arch != "gpt_mini" ? m_accuracy : m_valLoss;
    if (m_metric->currentWidget() != chart) m_metric->setCurrentWidget(chart);
}

void TrainPanel::updateEmptyTexts() {
    const store::RunSummary* run = m_context.selection.run();
    QString text = tr("Select a run to see its curves.");
    if (run && run->state == store::RunState::Queued)
        text = tr("Waits in the queue of %1.").arg(QString::fromStdString(run->device));
    else if (run && store::isLive(run->state))
        text = tr("Waiting for the first values…");
    else if (run)
        text = tr("This run has no values here.");
    else if (m_context.runs.all().empty())
        text = tr("Its curve begins here with the first step. F5 starts a run.");
    for (Chart* chart : m_charts) chart->setEmptyText(text);
}

bool TrainPanel::accept(const QString& path) {
    m_context.draft.set(QStringLiteral("data.path"), path);
    return true;
}

}  // namespace headroom::ui
