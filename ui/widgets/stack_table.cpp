// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/stack_table.h"

#include <algorithm>

#include "ui/bridge/format.h"
#include "ui/widgets/kinds.h"

namespace headroom::ui {

double StackData::at(plan::Kind kind, qsizetype index) const {
    const QVector<double>& values = bytes[static_cast<std::size_t>(kind)];
    return index < values.size() ? values[index] : 0;
}

double StackData::total(qsizetype index) const {
    double sum = 0;
    for (const QVector<double>& values : bytes) sum += index < values.size() ? values[index] : 0;
    return sum;
}

bool StackData::has(plan::Kind kind) const {
    const QVector<double>& values = bytes[static_cast<std::size_t>(kind)];
    return std::any_of(values.begin(), values.end(), [](double each) { return each > 0; });
}

QVariant StackTable::data(const QModelIndex& index, int role) const {
    if (role == Qt::TextAlignmentRole && index.column() > 0) return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole || !checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const StackRow& each = row(index.row());
    if (index.column() == 0) return each.moment;
    const double bytes = index.column() == 1 ? each.total : each.bytes[static_cast<std::size_t>(kStackedKinds[static_cast<std::size_t>(index.column() - 2)])];
    return bytes > 0 ? format::bytes(static_cast<Bytes>(bytes)) : QStringLiteral("–");
}

QVariant StackTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
    return section == 0 ? tr("Moment") : section == 1 ? tr("Total") : kindName(kStackedKinds[static_cast<std::size_t>(section - 2)]);
}

void StackTable::set(const StackData& data) {
    std::vector<StackRow> rows;
    for (qsizetype i = 0; i < data.x.size(); ++i) {
        StackRow row{data.moments.value(i), data.total(i), {}};
        for (std::size_t kind = 0; kind < plan::kKinds; ++kind) row.bytes[kind] = data.at(static_cast<plan::Kind>(kind), i);
        rows.push_back(std::move(row));
    }
    replaceRows(std::move(rows));
}

}  // namespace headroom::ui
