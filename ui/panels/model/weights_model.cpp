// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/weights_model.h"

#include <QJsonArray>

#include <algorithm>

namespace headroom::ui {
namespace {

using Standing = WeightRow::Standing;

QString shapeText(const QJsonValue& shape) {
    QStringList extents;
    for (const QJsonValue extent : shape.toArray()) extents << QString::number(extent.toInteger());
    return QStringLiteral("[%1]").arg(extents.join(QStringLiteral(", ")));
}

QStringList namesIn(const QJsonValue& list) {
    QStringList names;
    for (const QJsonValue name : list.toArray()) names << name.toString();
    return names;
}

QString standingText(Standing standing) {
    switch (standing) {
        case Standing::Unknown: return WeightsModel::tr("chosen, but not there");
        case Standing::Misfit: return WeightsModel::tr("another shape");
        case Standing::Missing: return WeightsModel::tr("missing in the file");
        case Standing::Fresh: return WeightsModel::tr("stays new");
        case Standing::Match: return {};
        case Standing::Surplus: return WeightsModel::tr("not in the net");
    }
    return {};
}

QString remarkText(const WeightRow& row) {
    const QString standing = standingText(row.standing);
    return standing.isEmpty() || row.remark.isEmpty() ? standing + row.remark : QStringLiteral("%1: %2").arg(standing, row.remark);
}

std::vector<WeightRow> rowsOf(const QJsonObject& answer) {
    std::vector<WeightRow> rows;
    for (const QString& name : namesIn(answer.value(QLatin1String("unknown")))) rows.push_back({Standing::Unknown, {}, {name}, {}});
    for (const QJsonValue each : answer.value(QLatin1String("misfits")).toArray())
        rows.push_back({Standing::Misfit, each[QLatin1String("parameter")].toString(), {each[QLatin1String("tensor")].toString()},
                        WeightsModel::tr("%1 in place of %2").arg(shapeText(each[QLatin1String("found")]), shapeText(each[QLatin1String("wanted")]))});
    for (const QString& name : namesIn(answer.value(QLatin1String("missing")))) rows.push_back({Standing::Missing, name, {}, {}});
    for (const QString& name : namesIn(answer.value(QLatin1String("fresh")))) rows.push_back({Standing::Fresh, name, {}, {}});
    for (const QJsonValue each : answer.value(QLatin1String("matches")).toArray())
        rows.push_back({Standing::Match, each[QLatin1String("parameter")].toString(), namesIn(each[QLatin1String("tensors")]), each[QLatin1String("transposed")].toBool() ? WeightsModel::tr("transposed") : QString()});
    for (const QString& name : namesIn(answer.value(QLatin1String("surplus")))) rows.push_back({Standing::Surplus, {}, {name}, {}});
    return rows;
}

}  // namespace

void WeightsModel::set(const QJsonObject& answer) { replaceRows(rowsOf(answer)); }

int WeightsModel::count(Standing standing) const {
    int found = 0;
    for (int k = 0; k < rowCount(); ++k) found += row(k).standing == standing;
    return found;
}

bool WeightsModel::isComplete() const { return count(Standing::Match) > 0 && count(Standing::Unknown) + count(Standing::Misfit) + count(Standing::Missing) == 0; }

QVariant WeightsModel::data(const QModelIndex& index, int role) const {
    const WeightRow& found = row(index.row());
    if (role == Qt::ToolTipRole || role == Qt::DisplayRole || role == Qt::EditRole) {
        if (index.column() == Parameter) return found.parameter;
        if (index.column() == Tensors) return found.tensors.join(QStringLiteral(", "));
        return remarkText(found);
    }
    return {};
}

QVariant WeightsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == Parameter ? tr("Parameter") : section == Tensors ? tr("Tensor of the file") : QString();
}

Qt::ItemFlags WeightsModel::flags(const QModelIndex& index) const {
    const bool editable = index.column() == Tensors && !row(index.row()).parameter.isEmpty();
    return TableOf::flags(index) | (editable ? Qt::ItemIsEditable : Qt::NoItemFlags);
}

bool WeightsModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) return false;
    QStringList names;
    for (const QString& name : value.toString().split(QLatin1Char(','))) names << name.trimmed();
    names.removeAll(QString());
    if (names == row(index.row()).tensors) return false;
    Q_EMIT edited(row(index.row()).parameter, names);
    return true;
}

}  // namespace headroom::ui
