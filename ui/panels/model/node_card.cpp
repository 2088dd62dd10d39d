// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/node_card.h"

#include <QAction>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSortFilterProxyModel>
#include <QStackedWidget>
#include <QTabBar>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/widgets/row_table.h"

namespace headroom::ui {
namespace {

constexpr int kNameWidth = 118, kGap = 6, kEdges = 24;

/// Says the short form of what the action says now.
QPushButton* buttonOf(QAction* action) {
    auto* button = new QPushButton;
    const auto follow = [button, action] {
        button->setText(action->iconText());
        button->setAccessibleName(action->text());
        button->setToolTip(action->toolTip());
        button->setEnabled(action->isEnabled());
    };
    follow();
    QObject::connect(action, &QAction::changed, button, follow);
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    return button;
}

}  // namespace

NodeCard::NodeCard(const QList<QAction*>& actions, QWidget* parent)
    : Card({}, parent), m_details(new DetailsModel(this)), m_nodes(new NodesModel(this)), m_sorted(new QSortFilterProxyModel(this)), m_detailsTable(rowTable(m_details, tr("What is known of the node"), kLowRow)),
      m_nodesTable(nullptr), m_tabs(new QTabBar), m_trained(toned({}, "muted")) {
    m_sorted->setSourceModel(m_nodes);
    m_sorted->setSortRole(NodesModel::SortRole);
    m_nodesTable = rowTable(m_sorted, tr("Nodes of the graph"), kLowRow);
    m_nodesTable->setSortingEnabled(true);
    m_nodesTable->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
    m_detailsTable->horizontalHeader()->hide();
    m_detailsTable->horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    m_detailsTable->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_detailsTable->horizontalHeader()->setStretchLastSection(true);
    m_detailsTable->setColumnWidth(0, kNameWidth);
    QHeaderView* header = m_nodesTable->horizontalHeader();
    header->setSectionResizeMode(NodesModel::Name, QHeaderView::Stretch);
    header->setMinimumSectionSize(40);
    for (const auto& [column, width] : {std::pair(NodesModel::Flops, 76), std::pair(NodesModel::Memory, 80), std::pair(NodesModel::Time, 76)})
        header->setSectionResizeMode(column, QHeaderView::Fixed), header->resizeSection(column, width);
    for (const int column : {NodesModel::Operator, NodesModel::Parameters}) m_nodesTable->setColumnHidden(column, true);  // the details have them
    m_nodesTable->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* pages = new QStackedWidget;
    for (const auto& [text, page] : {std::pair(tr("Details"), m_detailsTable), std::pair(tr("Nodes"), m_nodesTable)}) {
        m_tabs->addTab(text);
        pages->addWidget(page);
    }
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("What stands beside the graph"));
    head()->insertWidget(0, m_tabs);
    body()->addWidget(pages, 1);
    body()->addWidget(training(actions));
    connect(m_tabs, &QTabBar::currentChanged, pages, &QStackedWidget::setCurrentIndex);
    connect(m_nodesTable->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        const QModelIndex row = m_sorted->mapToSource(now);
        if (row.isValid() && m_nodesTable->hasFocus()) Q_EMIT chosen(m_nodes->row(row.row()).index);
    });
    connect(m_nodesTable, &QTableView::clicked, this, [this](const QModelIndex& at) { Q_EMIT chosen(m_nodes->row(m_sorted->mapToSource(at).row()).index); });
}

QWidget* NodeCard::training(const QList<QAction*>& actions) {
    auto* box = new QWidget;
    m_grid = new QGridLayout(box);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(kGap);
    m_trained->setWordWrap(true);
    m_trained->setAccessibleName(tr("What is trained"));
    m_grid->addWidget(m_trained, 0, 0, 1, 2);
    for (QAction* action : actions) m_buttons << buttonOf(action);
    setTrained({});
    return box;
}

/// Two beside each other where there is room.
void NodeCard::resizeEvent(QResizeEvent* event) {
    Card::resizeEvent(event);
    int widest = 0;
    for (const QPushButton* button : m_buttons) widest = std::max(widest, button->sizeHint().width());
    const int columns = contentsRect().width() >= 2 * widest + kGap + kEdges ? 2 : 1;
    for (int i = 0; i < m_buttons.size(); ++i) m_grid->addWidget(m_buttons[i], 1 + i / columns, i % columns, 1, 3 - columns);
}

void NodeCard::setTrained(const QString& text) {
    m_trained->setText(text);
    m_trained->setVisible(!text.isEmpty());
}

void NodeCard::setScene(const GraphScenePtr& scene, const QJsonObject& summary) {
    m_scene = scene;
    m_summary = summary;
    m_nodes->set(scene);
    show(-1, 0);
}

void NodeCard::show(int node, int block) {
    std::vector<DetailRow> rows = m_scene ? detailsOf(*m_scene, node, block) : std::vector<DetailRow>{};
    if (m_scene && node < 0 && block <= 0 && !m_summary.isEmpty())
        for (DetailRow& row : summaryRows(m_summary)) rows.push_back(std::move(row));
    m_details->set(std::move(rows));
    m_detailsTable->clearSpans();
    for (int row = 0; row < m_details->rowCount(); ++row)
        if (m_details->row(row).isHead) m_detailsTable->setSpan(row, 0, 1, 2);
}

}  // namespace headroom::ui
