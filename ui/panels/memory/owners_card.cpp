// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/owners_card.h"

#include <QHeaderView>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/widgets/row_table.h"

namespace headroom::ui {

OwnersCard::OwnersCard(QWidget* parent) : QWidget(parent), m_model(new OwnersModel(this)), m_sorted(new QSortFilterProxyModel(this)), m_table(nullptr), m_filter(new QLineEdit) {
    m_sorted->setSourceModel(m_model);
    m_sorted->setSortRole(OwnersModel::SortRole);
    m_sorted->setFilterKeyColumn(-1);
    m_sorted->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_table = rowTable(m_sorted, tr("Owners of the peak"), kLowRow);
    m_table->setIconSize(QSize(9, 9));
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(OwnersModel::Size, Qt::DescendingOrder);
    QHeaderView* header = m_table->horizontalHeader();
    for (const auto& [column, width] : {std::pair(OwnersModel::Kind, 120), std::pair(OwnersModel::Size, 90), std::pair(OwnersModel::Share, 76)})
        header->setSectionResizeMode(column, QHeaderView::Fixed), header->resizeSection(column, width);
    m_filter->setPlaceholderText(tr("Owner, node or kind"));
    m_filter->setAccessibleName(tr("Filter owners"));
    m_filter->setClearButtonEnabled(true);
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addWidget(m_filter);
    rows->addWidget(m_table, 1);
    connect(m_filter, &QLineEdit::textChanged, m_sorted, &QSortFilterProxyModel::setFilterFixedString);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        const QModelIndex row = m_sorted->mapToSource(now);
        const bool isOfStep = row.isValid() && !m_model->row(row.row()).isFeatures;
        Q_EMIT chosen(isOfStep ? std::optional(m_model->row(row.row()).owner) : std::nullopt);
    });
    const auto lead = [this](const QModelIndex& at) {
        const QString& node = m_model->row(m_sorted->mapToSource(at).row()).node;
        if (!node.isEmpty()) Q_EMIT nodeWanted(node);
    };
    connect(m_table, &QTableView::activated, this, lead);
    connect(m_table, &QTableView::clicked, this, [lead](const QModelIndex& at) {
        if (at.column() == OwnersModel::Node) lead(at);
    });
}

void OwnersCard::show(const StepMemory& memory) { m_model->set(memory); }

}  // namespace headroom::ui
