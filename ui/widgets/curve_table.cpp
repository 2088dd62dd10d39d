// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/curve_table.h"

#include "ui/bridge/format.h"

namespace headroom::ui {

QVariant CurveTable::data(const QModelIndex& index, int role) const {
    if (role == Qt::TextAlignmentRole) return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole || !checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const QVector<double>& column = index.column() == 0 ? m_trace.x : index.column() == 1 ? m_trace.value : m_trace.smooth;
    const double value = column[index.row()];
    return index.column() == 0 && m_axis == XAxis::Step ? format::grouped(std::llround(value)) : format::value(value);
}

QVariant CurveTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
    return section == 0 ? title(m_axis) : section == 1 ? tr("Value") : tr("Smoothed");
}

void CurveTable::set(const Trace& trace, XAxis axis) {
    const int rows = static_cast<int>(trace.x.size());
    if (rows < m_rows) {
        beginRemoveRows({}, rows, m_rows - 1);
        m_rows = rows;
        m_trace = trace;
        endRemoveRows();
    } else if (rows > m_rows) {
        beginInsertRows({}, m_rows, rows - 1);
        m_rows = rows;
        m_trace = trace;
        endInsertRows();
    } else {
        m_trace = trace;
    }
    if (axis != m_axis) {
        m_axis = axis;
        Q_EMIT headerDataChanged(Qt::Horizontal, 0, 2);
    }
    if (rows > 0) Q_EMIT dataChanged(index(0, 0), index(rows - 1, 2));
}

}  // namespace headroom::ui
