// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/data/data_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QTableWidget>
#include <QVBoxLayout>

#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/panels/data/class_bars.h"
#include "ui/panels/data/sample_grid.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/fillable_page.h"
#include "ui/widgets/scrolled.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;

QString factsOf(const DataSummary& data) {
    QStringList facts{data.format};
    const auto& shape = data.shape;
    if (shape.kind == models::DataKind::Pictures) facts << DataPanel::tr("%1 × %2 × %3").arg(shape.width).arg(shape.height).arg(shape.channels);
    if (shape.kind == models::DataKind::Table) facts << DataPanel::tr("%1 columns").arg(data.columns.size());
    if (shape.kind == models::DataKind::Text) facts << DataPanel::tr("%1 different tokens").arg(shape.vocabulary);
    facts << DataPanel::tr("%1 for training").arg(format::grouped(data.train));
    facts << (data.heldOut ? DataPanel::tr("%1 held out for validation (there is no test part)") : DataPanel::tr("%1 for validation")).arg(format::grouped(data.validation));
    if (!data.classes.isEmpty()) facts << DataPanel::tr("%1 classes").arg(data.classes.size());
    return facts.join(QStringLiteral(" · "));
}

QString countsTitle(const models::DataShape& shape) {
    if (shape.kind == models::DataKind::Text) return DataPanel::tr("How often each token stands there");
    return shape.task == models::Task::Segmentation ? DataPanel::tr("Pixels of each class") : DataPanel::tr("Samples in each class");
}

}  // namespace

DataPanel::DataPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_name(new QLabel), m_facts(new QLabel), m_path(toned({}, "muted")),
      m_excerpt(new QLabel), m_samplesCard(new Card(tr("Samples"))), m_classesCard(new Card(tr("Samples in each class"))), m_tableCard(new Card(tr("First rows"))),
      m_textCard(new Card(tr("Beginning of the text"))), m_warningsCard(new Card(tr("Worth knowing"))), m_grid(new SampleGrid), m_bars(new ClassBars), m_table(new QTableWidget), m_warnings(new QVBoxLayout) {
    m_page = new FillablePage(filledPage(), this);
    connect(m_page, &FillablePage::wanted, this, &Panel::wanted);
    connect(&context.data, &DataInfo::changed, this, &DataPanel::follow);
    follow();
}

QWidget* DataPanel::filledPage() {
    auto* page = new QWidget;
    auto* rows = new QVBoxLayout(page);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    auto* summary = new Card;
    summary->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    m_warningsCard->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    m_name->setFont(theme::textFont(1.35, QFont::DemiBold));
    m_path->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_facts->setWordWrap(true);
    auto* other = new QPushButton(tr("Open other data…"));
    auto* train = new QPushButton(tr("Set up a run"));
    train->setProperty("primary", true);
    summary->head()->insertWidget(0, m_name);
    summary->head()->addWidget(other);
    summary->head()->addWidget(train);
    summary->body()->addWidget(m_facts);
    summary->body()->addWidget(m_path);
    connect(other, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("open_data")); });
    connect(train, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("page_train")); });
    rows->addWidget(summary);
    m_warningsCard->body()->addLayout(m_warnings);
    rows->addWidget(m_warningsCard);
    auto* pair = new QHBoxLayout;
    pair->setSpacing(kGap);
    m_samplesCard->body()->addWidget(m_grid);
    m_samplesCard->body()->addStretch();
    m_classesCard->body()->addWidget(m_bars);
    m_classesCard->body()->addStretch();
    pair->addWidget(m_samplesCard, 3);
    pair->addWidget(m_classesCard, 2);
    rows->addLayout(pair);
    m_table->setAccessibleName(tr("First rows"));
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->verticalHeader()->hide();
    m_tableCard->body()->addWidget(m_table);
    rows->addWidget(m_tableCard, 1);
    m_excerpt->setFont(theme::figureFont(0.95));
    m_excerpt->setTextFormat(Qt::PlainText);
    m_excerpt->setWordWrap(true);
    m_textCard->body()->addWidget(m_excerpt);
    rows->addWidget(m_textCard);
    rows->addStretch();
    return scrolled(page);
}

void DataPanel::follow() {
    const DataInfo& found = m_context.data;
    const QString open = QStringLiteral("open_data");
    switch (found.state()) {
        case DataInfo::State::Empty:
            return m_page->say(tr("No data chosen yet."), tr("Drop a folder or a file here: pictures (PNG, JPEG) in a folder for each class or beside masks, as IDX (MNIST) or CIFAR binary, a table as CSV, or plain text."), tr("Open folder…"), open);
        case DataInfo::State::Looking: return m_page->say(tr("Looking into the data…"), found.summary().path);
        case DataInfo::State::Failed: return m_page->say(tr("This data cannot be used."), sentence(found.failure()), tr("Open other data…"), open);
        case DataInfo::State::There: break;
    }
    fill();
    m_page->fill();
}

void DataPanel::fill() {
    const DataSummary& found = m_context.data.summary();
    m_name->setText(found.path.section('/', -1, -1, QString::SectionSkipEmpty));
    m_path->setText(found.path);
    m_facts->setText(factsOf(found));
    m_grid->set(found.samples);
    m_samplesCard->setVisible(!found.samples.isEmpty());
    m_bars->set(found.classes, found.counts);
    m_classesCard->setTitle(countsTitle(found.shape));
    m_classesCard->setVisible(!found.counts.isEmpty());
    m_excerpt->setText(found.excerpt);
    m_textCard->setVisible(!found.excerpt.isEmpty());
    fillTable();
    fillWarnings();
}

void DataPanel::fillTable() {
    const DataSummary& found = m_context.data.summary();
    m_tableCard->setVisible(!found.rows.isEmpty());
    m_table->setColumnCount(static_cast<int>(found.columns.size()));
    m_table->setRowCount(static_cast<int>(found.rows.size()));
    QStringList heads;
    for (const DataColumn& column : found.columns)
        heads << (column.target ? tr("%1\ntarget").arg(column.name) : column.missing > 0 ? tr("%1\n%2, %3 missing").arg(column.name, column.type).arg(column.missing) : column.name + '\n' + column.type);
    m_table->setHorizontalHeaderLabels(heads);
    for (int row = 0; row < found.rows.size(); ++row)
        for (int column = 0; column < std::min(found.rows[row].size(), found.columns.size()); ++column) m_table->setItem(row, column, new QTableWidgetItem(found.rows[row][column]));
    m_table->resizeColumnsToContents();
    m_table->setMinimumHeight(std::min<int>(12, static_cast<int>(found.rows.size())) * 30 + 60);
}

void DataPanel::fillWarnings() {
    while (QLayoutItem* item = m_warnings->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const QStringList& warnings = m_context.data.summary().warnings;
    for (const QString& warning : warnings) {
        QLabel* line = toned(QStringLiteral("⚠  ") + warning, "warning");
        line->setWordWrap(true);
        m_warnings->addWidget(line);
    }
    m_warningsCard->setVisible(!warnings.isEmpty());
}

bool DataPanel::accept(const QString& path) {
    m_context.draft.set(QStringLiteral("data.path"), path);
    return true;
}

}  // namespace headroom::ui
