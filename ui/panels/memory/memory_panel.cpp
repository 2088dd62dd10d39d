// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/memory_panel.h"

#include <QHBoxLayout>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/memory/finder_view.h"
#include "ui/panels/memory/fit_card.h"
#include "ui/panels/memory/live_card.h"
#include "ui/panels/memory/memory_card.h"
#include "ui/panels/memory/owners_card.h"
#include "ui/panels/memory/savings_view.h"
#include "ui/panels/memory/step_card.h"
#include "ui/panels/selection.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;
constexpr int kRefreshMs = 100;  ///< everything but the bar is drawn anew at most ten times a second

}  // namespace

MemoryPanel::MemoryPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_pages(new QStackedWidget), m_empty(new PlaceholderCard({}, {})), m_bar(new MemoryCard(context)), m_step(new StepCard), m_live(new LiveCard(context)),
      m_ways(new WaysView(context)), m_matrix(new MatrixView(context)), m_owners(new OwnersCard), m_savings(new SavingsView(context)), m_finder(new FinderView(context)), m_tabs(new QTabBar), m_tabPages(new QStackedWidget) {
    auto* empty = new Card;
    empty->body()->addWidget(m_empty);
    m_pages->addWidget(empty);
    m_pages->addWidget(filledPage());
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(kRefreshMs);
    connect(&m_refresh, &QTimer::timeout, this, &MemoryPanel::refresh);
    connect(m_empty, &PlaceholderCard::triggered, this, [this] { Q_EMIT wanted(m_action); });
    connect(&context.memory, &MemoryPlan::changed, this, &MemoryPanel::follow);
    connect(m_owners, &OwnersCard::chosen, m_step, &StepCard::mark);
    connect(m_owners, &OwnersCard::nodeWanted, this, &Panel::nodeWanted);
    connect(&context.bridge.fit(), &FitPlanner::answered, this, [this](const FitAnswerPtr& answer) {
        m_ways->set(answer);
        m_matrix->set(answer);
        m_savings->set(answer);
    });
    connectRuns();
    follow();
}

QWidget* MemoryPanel::filledPage() {
    auto* page = new QWidget;
    auto* rows = new QVBoxLayout(page);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    auto* charts = new QHBoxLayout;
    charts->setSpacing(kGap);
    charts->addWidget(m_step, 1);
    charts->addWidget(m_live, 1);
    rows->addWidget(m_bar);
    rows->addLayout(charts, 4);
    rows->addWidget(tabbedCard(), 5);
    return page;
}

Card* MemoryPanel::tabbedCard() {
    auto* card = new Card;
    const std::pair<QString, QWidget*> tabs[] = {{tr("Make it fit"), m_ways}, {tr("What fits"), m_matrix}, {tr("Owners of the peak"), m_owners}, {tr("Savings"), m_savings}, {tr("Batch finder"), m_finder}};
    for (const auto& [text, page] : tabs) {
        m_tabs->addTab(text);
        m_tabPages->addWidget(page);
    }
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("Tables of the plan"));
    card->head()->insertWidget(0, m_tabs);
    card->body()->addWidget(m_tabPages, 1);
    connect(m_tabs, &QTabBar::currentChanged, m_tabPages, &QStackedWidget::setCurrentIndex);
    return card;
}

void MemoryPanel::connectRuns() {
    CurveReader& curves = m_context.bridge.curves();
    connect(&curves, &CurveReader::curve, this, [this](const CurvePtr& curve) {
        m_bar->setCurve(curve);
        m_live->setCurve(curve);
    });
    connect(&curves, &CurveReader::events, this, [this](const QString& run, const EventList& events) {
        if (run == m_context.selection.current()) m_live->setEvents(events);
    });
    connect(&curves, &CurveReader::facts, this, [this](const QString& run, const QByteArray& facts, const QByteArray& config) {
        if (run == m_context.selection.current()) m_live->setFacts(facts, config);
    });
}

void MemoryPanel::follow() {
    const bool there = m_context.memory.memory().planned != nullptr;
    m_pages->setCurrentIndex(there ? 1 : 0);
    if (!there) explainEmpty();
    if (!m_refresh.isActive()) m_refresh.start();
}

/// All but the bar. A page that nobody sees catches up when it is shown.
void MemoryPanel::refresh() {
    if (!isVisible()) return;
    m_step->show(m_context.memory.memory(), m_context.memory.budget());
    m_owners->show(m_context.memory.memory());
    if (const auto question = m_context.memory.question()) m_context.bridge.fit().ask(*question, m_context.memory.device());
}

void MemoryPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    m_refresh.start();
}

void MemoryPanel::explainEmpty() {
    const DataInfo& found = m_context.data;
    const QString& fault = m_context.memory.memory().fault;
    m_action = QStringLiteral("open_data");
    m_empty->setAction(tr("Open folder…"));
    if (!fault.isEmpty()) {
        m_empty->set(tr("This model cannot be planned for this data."), fault);
        m_action = QStringLiteral("new_run");
        m_empty->setAction(tr("Choose another model"));
    } else if (found.state() == DataInfo::State::Looking || found.state() == DataInfo::State::There) {
        m_empty->set(tr("Looking into the data…"), found.summary().path);
        m_empty->setAction({});
    } else if (found.state() == DataInfo::State::Failed) {
        m_empty->set(tr("This data cannot be used."), found.failure().text);
    } else {
        m_empty->set(tr("No data chosen yet."), tr("With data and a model, the memory of a training step is known before anything runs."));
    }
}

bool MemoryPanel::accept(const QString& path) {
    m_context.draft.set(QStringLiteral("data.path"), path);
    return true;
}

}  // namespace headroom::ui
