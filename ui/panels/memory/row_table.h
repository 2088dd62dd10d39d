// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTableView>

namespace headroom::ui {

/// A table of which whole rows are chosen, with columns of equal width and no grid; Tab leaves it.
QTableView* rowTable(QAbstractItemModel* model, const QString& name);

}  // namespace headroom::ui
