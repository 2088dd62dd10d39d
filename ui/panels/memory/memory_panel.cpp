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
#include "ui/widgets/fillable_page.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;
constexpr int kRefreshMs = 100;  ///< everything but the bar is drawn anew at most ten times a second

}  // namespace

MemoryPanel::MemoryPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_bar(new MemoryCard(context)), m_step(new StepCard), m_live(new LiveCard(context)),
      m_ways(new WaysView(context)), m_matrix(new MatrixView(context)), m_owners(new OwnersCard), m_savings(new SavingsView(context)), m_finder(new FinderView(context)), m_tabs(new QTabBar), m_tabPages(new QStackedWidget) {
    m_page = new FillablePage(filledPage(), this);
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(kRefreshMs);
    connect(&m_refresh, &QTimer::timeout, this, &MemoryPanel::refresh);
    connect(m_page, &FillablePage::wanted, this, &Panel::wanted);
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
    m_context.memory.memory().planned ? m_page->fill() : explainEmpty();
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
    const QString open = QStringLiteral("open_data");
    if (!fault.isEmpty()) return m_page->say(tr("This model cannot be planned for this data."), fault, tr("Choose another model"), QStringLiteral("page_model"));
    if (found.state() == DataInfo::State::Looking || found.state() == DataInfo::State::There) return m_page->say(tr("Looking into the data…"), found.summary().path);
    if (found.state() == DataInfo::State::Failed) return m_page->say(tr("This data cannot be used."), sentence(found.failure()), tr("Open other data…"), open);
    m_page->say(tr("No data chosen yet."), tr("With data and a model, the memory of a training step is known before anything runs."), tr("Open folder…"), open);
}

bool MemoryPanel::accept(const QString& path) {
    m_context.draft.set(QStringLiteral("data.path"), path);
    return true;
}

}  // namespace headroom::ui
