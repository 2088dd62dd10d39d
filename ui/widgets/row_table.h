// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTableView>

namespace headroom::ui {

constexpr int kRowHeight = 26, kLowRow = 23;

/// A table of which whole rows are chosen, with columns of equal width and no grid; Tab leaves it. Low rows have one line.
QTableView* rowTable(QAbstractItemModel* model, const QString& name, int height = kRowHeight);

}  // namespace headroom::ui
