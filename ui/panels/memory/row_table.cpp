// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/row_table.h"

#include <QHeaderView>

namespace headroom::ui {
namespace {
constexpr int kRowHeight = 26;
}

QTableView* rowTable(QAbstractItemModel* model, const QString& name) {
    auto* table = new QTableView;
    table->setModel(model);
    table->setAccessibleName(name);
    table->setTabKeyNavigation(false);
    table->setShowGrid(false);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(kRowHeight);
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    return table;
}

}  // namespace headroom::ui
