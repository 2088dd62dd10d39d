// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/fit_list.h"

#include <cmath>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

QString changeText(const plan::Fit& way) {
    QString text = techniquesText(way.techniques);
    if (std::ranges::find(way.changed, "train.micro_batch") != way.changed.end())
        text += (text.isEmpty() ? QString() : QStringLiteral(", ")) + FitList::tr("micro-batch %1").arg(way.microBatch);
    return text.isEmpty() ? FitList::tr("As it is") : text;
}

QString helpText(const plan::Fit& way) {
    QStringList lines;
    if (!way.changed.empty()) lines << changeText(way);
    for (const plan::Technique* each : way.techniques) lines << str(each->help);
    if (way.microBatches > 1) lines << FitList::tr("Gradients of %1 micro-batches are added up before the update; the result stays the same.").arg(way.microBatches);
    return lines.isEmpty() ? FitList::tr("The settings fit as they are.") : lines.join('\n');
}

QString timeText(const std::optional<double>& extra) {
    if (!extra) return QStringLiteral("–");
    const int percent = qRound(*extra * 100);
    return percent == 0 ? FitList::tr("same") : FitList::tr("%1 %2 %").arg(percent > 0 ? QChar('+') : QChar(0x2212)).arg(std::abs(percent));
}

QString textOf(const FitRow& row, int column) {
    const plan::Fit& way = row.way;
    switch (column) {
        case FitList::Change: return changeText(way);
        case FitList::Parts: return way.microBatches == 1 ? FitList::tr("%1 at once").arg(format::grouped(way.microBatch)) : FitList::tr("%1 × %2").arg(way.microBatches).arg(way.microBatch);
        case FitList::Peak: return format::bytes(way.peak);
        case FitList::Spare: return format::bytes(row.spare);
        case FitList::Rate: return way.seconds && *way.seconds > 0 ? format::grouped(std::llround(static_cast<double>(way.config.train.batchSize) / *way.seconds)) : QStringLiteral("–");
        case FitList::Time: return timeText(way.extraTime);
        case FitList::Apply: return way.changed.empty() ? FitList::tr("in use") : FitList::tr("Apply");
        default: return {};
    }
}

}  // namespace

QString techniquesText(const plan::TechniqueSet& techniques) {
    QStringList titles;
    for (const plan::Technique* each : techniques) titles << (titles.isEmpty() ? str(each->title) : str(each->title).replace(0, 1, str(each->title).first(1).toLower()));
    return titles.join(QStringLiteral(", "));
}

void FitList::set(const FitAnswerPtr& answer) {
    std::vector<FitRow> rows;
    if (answer)
        for (const plan::Fit& way : answer->ways) rows.push_back({way, answer->question.budget - way.peak});
    replaceRows(std::move(rows));
}

QVariant FitList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const plan::Fit& each = row(index.row()).way;
    switch (role) {
        case Qt::DisplayRole: return textOf(row(index.row()), index.column());
        case Qt::ToolTipRole: return helpText(each);
        case Qt::TextAlignmentRole: return static_cast<int>((index.column() == Change ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
        case Qt::ForegroundRole:
            if (index.column() == Apply) return each.changed.empty() ? theme::tokens().muted : theme::tokens().accent;
            return index.column() == Spare ? QVariant(theme::tokens().good) : QVariant();
        case Qt::AccessibleTextRole:
            return index.column() == Apply && !each.changed.empty() ? tr("Apply: %1").arg(changeText(each)) : textOf(row(index.row()), index.column());
        default: return {};
    }
}

QVariant FitList::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return static_cast<int>((section == Change ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == Rate) return tr("Estimated from the device's rates and the runs that were measured on it.");
    if (role == Qt::ToolTipRole && section == Time) return tr("Time of a step compared with the settings as they are.");
    if (role != Qt::DisplayRole) return {};
    const QString titles[kColumns] = {tr("What changes"), tr("Batch"), tr("Peak"), tr("To spare"), tr("Samples/s"), tr("Time"), {}};
    return titles[section];
}

}  // namespace headroom::ui
