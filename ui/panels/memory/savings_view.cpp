// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/savings_view.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/memory/fit_list.h"
#include "ui/panels/selection.h"
#include "ui/widgets/card.h"
#include "ui/widgets/row_table.h"

namespace headroom::ui {
namespace {

constexpr int kLeastSteps = 5, kUsualSteps = 40, kMostSteps = 10'000;
constexpr int kParts = 4;

/// As many steps as asked, nothing written or evaluated on the way, and the same draws in each.
config::RunConfig shortRun(config::RunConfig config, int steps) {
    config.train.maxSteps = steps;
    config.train.evalEvery = 0;
    config.train.earlyStopping.patience = 0;
    return config;
}

QString rowTitle(const plan::MatrixRow& row) {
    if (row.techniques.empty()) return SavingsView::tr("As configured");
    return row.techniques.size() == 1 ? techniquesText(row.techniques) : SavingsView::tr("All together");
}

}  // namespace

std::vector<std::pair<QString, config::RunConfig>> savingsOf(const FitAnswer& answer) {
    std::vector<std::pair<QString, config::RunConfig>> all;
    const config::RunConfig& asked = answer.question.config;
    for (const plan::MatrixRow& row : answer.matrix.rows) {
        all.emplace_back(rowTitle(row), *plan::with(asked, row.techniques));
        const bool divides = asked.train.batchSize % kParts == 0;
        if (all.size() > 1 || !divides) continue;
        config::RunConfig parts = asked;
        parts.train.microBatch = asked.train.batchSize / kParts;
        all.emplace_back(SavingsView::tr("%1 micro-batches").arg(kParts), parts);
    }
    return all;
}

SavingsView::SavingsView(const Context& context, QWidget* parent)
    : QWidget(parent), m_context(context), m_model(new SavingsModel(this)), m_table(rowTable(m_model, tr("What each technique saves and costs"))), m_steps(new QSpinBox), m_begin(new QPushButton(tr("Measure"))),
      m_explained(toned(tr("Short runs with these settings, one after another: as they are, with each technique alone, and with all that help."), "muted")) {
    m_steps->setRange(kLeastSteps, kMostSteps);
    m_steps->setValue(kUsualSteps);
    m_steps->setSuffix(tr(" steps each"));
    m_steps->setAccessibleName(tr("Steps of each run"));
    m_explained->setWordWrap(true);
    for (const auto& [column, width] : {std::pair(SavingsModel::State, 84), std::pair(SavingsModel::Loss, 74)})
        m_table->horizontalHeader()->setSectionResizeMode(column, QHeaderView::Fixed), m_table->horizontalHeader()->resizeSection(column, width);
    auto* row = new QHBoxLayout;
    row->addWidget(m_explained, 1);
    row->addWidget(m_steps);
    row->addWidget(m_begin);
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addLayout(row);
    rows->addWidget(m_table, 1);
    connect(m_begin, &QPushButton::clicked, this, &SavingsView::begin);
    connect(&context.bridge.facts(), &RunFacts::read, this, [this](const QString& run, const QJsonObject& facts) { m_model->setFacts(run, facts, m_context.runs); });
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) connect(&context.runs, signal, this, &SavingsView::follow);
    connect(&context.runs, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex&, const QModelIndex&, const QList<int>& roles) {
        if (!roles.contains(RunsModel::SeriesRole)) follow();
    });
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) { m_context.selection.setCurrent(m_model->row(index.row()).run); });
    follow();
}

void SavingsView::set(const FitAnswerPtr& answer) {
    m_answer = answer;
    follow();
}

void SavingsView::follow() {
    for (const QString& run : m_model->follow(m_context.runs)) m_context.bridge.facts().ask(run);
    m_table->setVisible(m_model->rowCount() > 0);
    m_begin->setEnabled(m_answer && m_context.draft.faults().isEmpty() && !m_model->isRunning());
    m_begin->setToolTip(m_model->isRunning() ? tr("The experiment is still running.") : tr("Queues one short run for each line."));
}

void SavingsView::begin() {
    if (!m_answer) return;
    const QString tag = QLatin1String(SavingsModel::kTag) + QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs);
    QVector<NewRun> runs;
    for (const auto& [title, config] : savingsOf(*m_answer)) {
        const config::RunConfig run = shortRun(config, m_steps->value());
        runs << NewRun{QByteArray::fromStdString(config::toJson(run)), title, m_context.memory.device(), {}, {}, {tag}};
    }
    m_context.bridge.commands().createAll(runs);
}

}  // namespace headroom::ui
