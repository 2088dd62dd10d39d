// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractTableModel>
#include <QStyledItemDelegate>

#include "ui/bridge/fit_planner.h"

namespace headroom::ui {

/// Batch sizes by techniques: what fits at once, what in parts, what not.
class FitMatrix : public QAbstractTableModel {
    Q_OBJECT
public:
    enum class State { AtOnce, InParts, Not };
    enum Role { StateRole = Qt::UserRole + 1, DetailRole, CurrentRole };
    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() || !m_answer ? 0 : static_cast<int>(m_answer->matrix.rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() || !m_answer ? 0 : static_cast<int>(m_answer->matrix.batches.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// Cells that stay are told as changed; the model resets only where rows or columns are others.
    void set(const FitAnswerPtr& answer);
    /// The configuration that a cell stands for, as it was asked about.
    config::RunConfig configOf(const QModelIndex& index) const;
    const FitAnswerPtr& answer() const { return m_answer; }
    QString rowTitle(int row) const;

private:
    const plan::MatrixCell& cell(const QModelIndex& index) const;

    FitAnswerPtr m_answer;
};

/// A cell as a tinted field with a sign, the peak, and the parts below it.
class MatrixDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace headroom::ui
