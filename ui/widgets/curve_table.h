// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractTableModel>

#include "ui/bridge/trace.h"

namespace headroom::ui {

/// A trace as rows of x, value and smoothed value: a chart for those who read it by ear or want its figures.
class CurveTable : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : m_rows; }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 3; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// Rows that stay are told as changed, new ones as inserted.
    void set(const Trace& trace, XAxis axis);

private:
    Trace m_trace;
    XAxis m_axis = XAxis::Step;
    int m_rows = 0;
};

}  // namespace headroom::ui
