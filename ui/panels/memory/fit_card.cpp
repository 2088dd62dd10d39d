// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/fit_card.h"

#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/bridge/config_draft.h"
#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/config_edit.h"

namespace headroom::ui {
namespace {

constexpr int kCellEdges = 24;

QTableView* tableOf(QAbstractItemModel* model, const QString& name) {
    auto* table = new QTableView;
    table->setModel(model);
    table->setAccessibleName(name);
    table->setTabKeyNavigation(false);
    table->setShowGrid(false);
    table->setMouseTracking(true);
    table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    return table;
}

/// The draft with the fields in which two configurations differ: what was edited meanwhile stays.
config::RunConfig taken(const config::RunConfig& draft, const config::RunConfig& asked, const config::RunConfig& wanted) {
    config::RunConfig changed = draft;
    for (const std::string_view path : config::differences(asked, wanted)) config::find(path)->write(changed, config::find(path)->read(wanted));
    return changed;
}

}  // namespace

WaysView::WaysView(const Context& context, QWidget* parent)
    : QWidget(parent), m_context(context), m_model(new FitList(this)), m_table(tableOf(m_model, tr("Ways to fit the budget"))), m_refusal(toned({}, "bad")) {
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(27);
    QHeaderView* header = m_table->horizontalHeader();
    header->setSectionResizeMode(FitList::Change, QHeaderView::Stretch);
    const QFontMetrics metrics(theme::textFont(1.0, QFont::DemiBold));
    for (const auto& [column, widest] : {std::pair(FitList::Parts, tr("1 024 at once")), std::pair(FitList::Peak, tr("1 023 MiB")), std::pair(FitList::Spare, tr("To spare")), std::pair(FitList::Rate, tr("Samples/s")),
                                         std::pair(FitList::Time, tr("+ 100 %")), std::pair(FitList::Apply, tr("Apply"))})
        header->setSectionResizeMode(column, QHeaderView::Fixed), header->resizeSection(column, metrics.horizontalAdvance(widest) + kCellEdges);
    m_refusal->setWordWrap(true);
    m_refusal->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_refusal->setContentsMargins(8, 6, 8, 6);
    m_refusal->hide();
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addWidget(m_refusal, 1);
    rows->addWidget(m_table, 1);
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex& index) {
        if (index.column() == FitList::Apply) apply(index);
    });
    connect(m_table, &QTableView::activated, this, &WaysView::apply);
}

void WaysView::set(const FitAnswerPtr& answer) {
    m_answer = answer;
    m_model->set(answer);
    m_refusal->setText(answer ? answer->refusal : QString());
    const bool refused = answer && !answer->refusal.isEmpty();
    m_refusal->setVisible(refused);
    m_table->setVisible(!refused);
    showColumns();
}

/// What changes has to be read; how fast it is, the parts and the peak go first where there is no room.
void WaysView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    showColumns();
}

void WaysView::showColumns() {
    constexpr int kChangeLeast = 170;
    const bool timed = m_answer && std::ranges::any_of(m_answer->ways, [](const plan::Fit& way) { return way.extraTime.has_value(); });
    const QHeaderView* header = m_table->horizontalHeader();
    int room = width() - kChangeLeast;
    for (const int column : {FitList::Apply, FitList::Spare, FitList::Time, FitList::Peak, FitList::Parts, FitList::Rate}) {
        const bool known = timed || (column != FitList::Rate && column != FitList::Time);
        m_table->setColumnHidden(column, false);  // a hidden one has no width
        room -= known ? header->sectionSize(column) : 0;
        m_table->setColumnHidden(column, !known || room < 0);
    }
}

void WaysView::apply(const QModelIndex& index) {
    if (!index.isValid()) return;
    const plan::Fit way = m_model->row(index.row()).way;
    changeTogether(m_context.draft, m_context.undo, taken(m_context.draft.config(), m_answer->question.config, way.config), tr("Make it fit: %1").arg(index.siblingAtColumn(FitList::Change).data().toString()));
}

MatrixView::MatrixView(const Context& context, QWidget* parent) : QWidget(parent), m_context(context), m_model(new FitMatrix(this)), m_table(tableOf(m_model, tr("What fits: batch sizes by techniques"))) {
    m_table->setItemDelegate(new MatrixDelegate(m_table));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setMinimumSectionSize(84);
    m_table->verticalHeader()->setDefaultSectionSize(42);
    m_table->setCornerButtonEnabled(false);
    QLabel* key = toned(tr("Batch sizes across, techniques down. ✓ at once, ÷ in micro-batches, ✗ too large. A click takes both into the settings."), "muted");
    key->setFont(theme::textFont(0.85));
    key->setWordWrap(true);
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addWidget(m_table, 1);
    rows->addWidget(key);
    connect(m_table, &QTableView::clicked, this, &MatrixView::apply);
    connect(m_table, &QTableView::activated, this, &MatrixView::apply);
}

void MatrixView::set(const FitAnswerPtr& answer) { m_model->set(answer); }

void MatrixView::apply(const QModelIndex& index) {
    if (!index.isValid()) return;
    const config::RunConfig wanted = m_model->configOf(index);
    const QString text = tr("Batch %1, %2").arg(wanted.train.batchSize).arg(m_model->rowTitle(index.row()).toLower());
    changeTogether(m_context.draft, m_context.undo, taken(m_context.draft.config(), m_model->answer()->question.config, wanted), text);
}

}  // namespace headroom::ui
