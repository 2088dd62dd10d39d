// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractTableModel>

#include <vector>

namespace headroom::ui {

/// A table of plain rows that are replaced all at once: rows are inserted or removed at the end, the others are told as
/// changed; the model never resets, so that selection and scroll position stay.
template <class Row>
class TableOf : public QAbstractTableModel {
public:
    using QAbstractTableModel::QAbstractTableModel;
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_rows.size()); }
    const Row& row(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

protected:
    void replaceRows(std::vector<Row> rows) {
        const auto before = static_cast<std::ptrdiff_t>(m_rows.size()), now = static_cast<std::ptrdiff_t>(rows.size());
        if (now < before) {
            beginRemoveRows({}, static_cast<int>(now), static_cast<int>(before - 1));
            m_rows.erase(m_rows.begin() + now, m_rows.end());
            endRemoveRows();
        } else if (now > before) {
            beginInsertRows({}, static_cast<int>(before), static_cast<int>(now - 1));
            m_rows.insert(m_rows.end(), rows.begin() + before, rows.end());
            endInsertRows();
        }
        m_rows = std::move(rows);
        if (now > 0) Q_EMIT dataChanged(index(0, 0), index(static_cast<int>(now - 1), columnCount() - 1));
    }

private:
    std::vector<Row> m_rows;
};

}  // namespace headroom::ui
