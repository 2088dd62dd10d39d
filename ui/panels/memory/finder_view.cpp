// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/finder_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/memory_plan.h"
#include "ui/bridge/worker_questions.h"
#include "ui/widgets/card.h"
#include "ui/widgets/config_edit.h"
#include "ui/widgets/row_table.h"

namespace headroom::ui {
namespace {

QString explanation() { return FinderView::tr("Real steps in every micro-batch that fits, a few seconds each. The batch stays as it is; only how it is divided changes."); }

QJsonObject objectOf(const config::RunConfig& config) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(config::toShortJson(config))).object();
}

}  // namespace

FinderView::FinderView(const Context& context, QString worker, QWidget* parent)
    : QWidget(parent), m_context(context), m_worker(std::move(worker)), m_model(new FinderModel(this)), m_table(rowTable(m_model, tr("Micro-batches as real steps measured them"))), m_begin(new QPushButton), m_message(toned(explanation(), "muted")) {
    m_message->setWordWrap(true);
    m_table->horizontalHeader()->setSectionResizeMode(FinderModel::Apply, QHeaderView::Fixed);
    m_table->horizontalHeader()->resizeSection(FinderModel::Apply, 70);
    auto* row = new QHBoxLayout;
    row->addWidget(m_message, 1);
    row->addWidget(m_begin);
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addLayout(row);
    rows->addWidget(m_table, 1);
    connect(m_begin, &QPushButton::clicked, this, [this] { m_measuring ? end() : begin(); });
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex& index) {
        if (index.column() == FinderModel::Apply) apply(index);
    });
    connect(m_table, &QTableView::activated, this, &FinderView::apply);
    connect(&context.memory, &MemoryPlan::changed, this, &FinderView::follow);
    follow();
}

FinderView::~FinderView() = default;

void FinderView::follow() {
    m_begin->setText(m_measuring ? tr("Stop") : tr("Measure"));
    m_begin->setEnabled(m_measuring || (m_context.memory.question() && m_context.draft.faults().isEmpty()));
    m_table->setVisible(m_model->rowCount() > 0);
}

void FinderView::begin() {
    const auto question = m_context.memory.question();
    const auto sizes = question ? m_context.memory.sizesToMeasure() : std::vector<std::int64_t>{};
    if (sizes.empty()) {
        m_message->setText(tr("Not even single samples fit the budget."));
        return;
    }
    config::RunConfig config = question->config;
    config::set(config, "memory.budget", std::to_string(m_context.memory.budget().value_or(question->budget)));  // the worker takes kept features off itself
    QJsonArray asked;
    for (const std::int64_t size : sizes) asked.append(static_cast<qint64>(size));
    m_batch = config.train.batchSize;
    m_measuring = std::make_unique<WorkerQuestions>(m_worker);
    connect(m_measuring.get(), &WorkerQuestions::answered, this, [this](qint64, const QString&, const QJsonObject& answer) { show(answer); });
    connect(m_measuring.get(), &WorkerQuestions::failed, this, [this](qint64, const QString&, const Problem& problem) {
        end();
        m_message->setText(problem.text);
    });
    m_message->setText(tr("Measuring micro-batches of %1 down to %2…").arg(sizes.front()).arg(sizes.back()));
    m_measuring->ask(QStringLiteral("measure"), {{"ask", "measure"}, {"config", objectOf(config)}, {"micro_batches", asked}});
    follow();
}

/// The worker is inside of a signal of its own at times: it goes when that is over.
void FinderView::end() {
    if (m_measuring) m_measuring.release()->deleteLater();
    m_message->setText(explanation());
    follow();
}

void FinderView::show(const QJsonObject& answer) {
    end();
    const QByteArray text = QJsonDocument(answer.value("measured").toArray()).toJson();
    m_model->set(plan::measuredSizes(nlohmann::json::parse(text.toStdString(), nullptr, false)), m_batch);
    if (m_model->rowCount() == 0) m_message->setText(tr("Memory ran out at every size."));
    follow();
}

void FinderView::apply(const QModelIndex& index) {
    if (!index.isValid()) return;
    config::RunConfig changed = m_context.draft.config();
    changed.train.batchSize = m_batch;
    changed.train.microBatch = m_model->row(index.row()).microBatch;
    changeTogether(m_context.draft, m_context.undo, changed, tr("Micro-batch %1").arg(changed.train.microBatch));
}

}  // namespace headroom::ui
