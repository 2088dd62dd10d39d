// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/owners_model.h"

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/kinds.h"

namespace headroom::ui {
namespace {

QString nameOf(const plan::Owner& owner) {
    if (owner.what == plan::Owner::What::Inside)
        return owner.kind == plan::Kind::Workspace ? OwnersModel::tr("workspace of the node") : OwnersModel::tr("gradients just made");
    if (owner.what == plan::Owner::What::Tensor) return QString::fromStdString(owner.name);
    switch (owner.kind) {
        case plan::Kind::Optimizer: return OwnersModel::tr("optimizer state");
        case plan::Kind::Ema: return OwnersModel::tr("averaged weights");
        case plan::Kind::Batches: return OwnersModel::tr("batches held ready");
        case plan::Kind::Other: return OwnersModel::tr("running statistics before the step");
        default: return OwnersModel::tr("all %1").arg(kindName(owner.kind));
    }
}

std::vector<OwnerRow> rowsOf(const StepMemory& memory) {
    std::vector<OwnerRow> rows;
    const PlannedStep& planned = *memory.planned;
    const graph::Graph& graph = planned.configured.graph();
    const auto all = static_cast<double>(planned.step.peak + memory.features);
    if (memory.features > 0) {
        plan::Owner features;
        features.bytes = memory.features;
        rows.push_back({std::move(features), {}, static_cast<double>(memory.features) / all, true});
    }
    for (plan::Owner& owner : plan::ownersAtPeak(graph, planned.step)) {
        const QString node = owner.node == graph::kNone ? QString() : QString::fromStdString(graph.node(owner.node).name);
        const double share = static_cast<double>(owner.bytes) / all;
        rows.push_back({std::move(owner), node, share});
    }
    return rows;
}

QString kindOf(const OwnerRow& row) { return row.isFeatures ? featuresName() : kindName(row.owner.kind); }

QString textOf(const OwnerRow& row, int column) {
    switch (column) {
        case OwnersModel::Name: return row.isFeatures ? OwnersModel::tr("features of the frozen part, of all samples") : nameOf(row.owner);
        case OwnersModel::Node: return row.node;
        case OwnersModel::Kind: return kindOf(row);
        case OwnersModel::Size: return format::bytes(row.owner.bytes);
        case OwnersModel::Share: return format::percent(row.share, 1);
        default: return {};
    }
}

QVariant sortKey(const OwnerRow& row, int column) {
    if (column == OwnersModel::Node) return row.owner.node;
    if (column == OwnersModel::Size || column == OwnersModel::Share) return QVariant::fromValue<qint64>(row.owner.bytes);
    return textOf(row, column);
}

}  // namespace

void OwnersModel::set(const StepMemory& memory) { replaceRows(memory.planned ? rowsOf(memory) : std::vector<OwnerRow>{}); }

QVariant OwnersModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const OwnerRow& each = row(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole: return textOf(each, index.column());
        case SortRole: return sortKey(each, index.column());
        case Qt::ForegroundRole: return index.column() == Node ? QVariant(theme::tokens().accent) : QVariant();  // leads to the graph
        case Qt::TextAlignmentRole: return static_cast<int>((index.column() >= Size ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::DecorationRole: return index.column() == Kind ? QVariant(swatch(each.isFeatures ? featuresColour() : kindColour(each.owner.kind))) : QVariant();
        default: return {};
    }
}

QVariant OwnersModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return static_cast<int>((section >= Size ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    const QString titles[kColumns] = {tr("Owner"), tr("Node"), tr("Kind"), tr("Bytes"), tr("Share")};
    return titles[section];
}

}  // namespace headroom::ui
