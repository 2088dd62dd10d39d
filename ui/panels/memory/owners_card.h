// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include <optional>

#include "ui/panels/memory/owners_model.h"

class QLineEdit;
class QSortFilterProxyModel;
class QTableView;

namespace headroom::ui {

/// The owners of the peak in a table that can be sorted and filtered. The one that is chosen is marked in the step.
class OwnersCard : public QWidget {
    Q_OBJECT
public:
    explicit OwnersCard(QWidget* parent = nullptr);
    void show(const StepMemory& memory);
    OwnersModel& model() { return *m_model; }
    QTableView* table() const { return m_table; }

Q_SIGNALS:
    void chosen(const std::optional<headroom::plan::Owner>& owner);
    /// A row was opened, or its node clicked.
    void nodeWanted(const QString& node);

private:
    OwnersModel* m_model;
    QSortFilterProxyModel* m_sorted;
    QTableView* m_table;
    QLineEdit* m_filter;
};

}  // namespace headroom::ui
