// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/finder_model.h"

#include <QFont>

#include "ui/bridge/format.h"

namespace headroom::ui {

void FinderModel::set(std::vector<plan::MeasuredSize> sizes, std::int64_t batch) {
    const auto best = plan::fastest(sizes);
    m_fastest = best ? best->microBatch : 0;
    m_batch = batch;
    replaceRows(std::move(sizes));
}

QString FinderModel::text(const plan::MeasuredSize& size, int column) const {
    const std::int64_t parts = size.microBatch > 0 ? m_batch / size.microBatch : 0;
    switch (column) {
        case MicroBatch: return parts <= 1 ? tr("%1, the whole batch").arg(size.microBatch) : tr("%1 × %2").arg(size.microBatch).arg(parts);
        case Rate: return format::value(size.samplesPerSecond);
        case Step: return tr("%1 ms (%2 to %3)").arg(format::value(size.step.typical * 1e3), format::value(size.step.low * 1e3), format::value(size.step.high * 1e3));
        case Peak: return format::bytes(size.peak);
        case Apply: return tr("Apply");
        default: return {};
    }
}

QVariant FinderModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const plan::MeasuredSize& size = row(index.row());
    const bool isFastest = size.microBatch == m_fastest;
    if (role == Qt::TextAlignmentRole) return static_cast<int>((index.column() == MicroBatch ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::FontRole && isFastest) {
        QFont bold;
        bold.setBold(true);
        return bold;
    }
    if (role == Qt::ToolTipRole) return isFastest ? tr("The fastest; of those that are as fast the one that takes least memory.") : text(size, index.column());
    return role == Qt::DisplayRole ? QVariant(text(size, index.column())) : QVariant();
}

QVariant FinderModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return static_cast<int>((section == MicroBatch ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    const QString titles[kColumns] = {tr("Micro-batch"), tr("Samples/s"), tr("Step"), tr("Tensors' peak"), {}};
    return titles[section];
}

}  // namespace headroom::ui
