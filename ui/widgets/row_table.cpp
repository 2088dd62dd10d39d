// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/row_table.h"

#include <QHeaderView>

namespace headroom::ui {
QTableView* rowTable(QAbstractItemModel* model, const QString& name, int height) {
    auto* table = new QTableView;
    table->setModel(model);
    table->setAccessibleName(name);
    table->setTabKeyNavigation(false);
    table->setShowGrid(false);
    table->setWordWrap(height > kLowRow);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(height);
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    return table;
}

}  // namespace headroom::ui
