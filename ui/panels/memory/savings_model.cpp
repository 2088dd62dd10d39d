// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/savings_model.h"

#include <algorithm>

#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

/// The tag of the experiment that a run belongs to; empty where it belongs to none.
std::string experimentOf(const store::RunSummary& run) {
    const auto tag = std::ranges::find_if(run.tags, [](const std::string& each) { return each.starts_with(SavingsModel::kTag); });
    return tag == run.tags.end() || run.trashed ? std::string() : *tag;
}

std::optional<double> lossOf(const store::RunSummary& run) {
    const auto at = run.metrics.find("train_loss");
    return at == run.metrics.end() ? std::nullopt : std::optional(at->second);
}

/// "4.23 MiB  − 38 %": a value and how it compares with the settings as they were.
template <class Value>
QString compared(const std::optional<Value>& value, const std::optional<Value>& base, const QString& text, bool isBase) {
    if (!value) return QStringLiteral("–");
    if (isBase || !base || *base == 0) return text;
    const int percent = qRound((static_cast<double>(*value) / static_cast<double>(*base) - 1) * 100);
    return percent == 0 ? text : SavingsModel::tr("%1  %2 %3 %").arg(text, percent > 0 ? QStringLiteral("+") : QString(QChar(0x2212))).arg(std::abs(percent));
}

QString stepText(const std::optional<double>& seconds) { return seconds ? SavingsModel::tr("%1 ms").arg(format::value(*seconds * 1000)) : QString(); }

}  // namespace

QStringList SavingsModel::follow(const RunsModel& runs) {
    std::string newest;
    for (const store::RunSummary& run : runs.all()) newest = std::max(newest, experimentOf(run));
    std::vector<SavingsRow> rows;
    QStringList unknown;
    for (const store::RunSummary& run : runs.all()) {
        if (newest.empty() || experimentOf(run) != newest) continue;
        SavingsRow row;
        row.run = QString::fromStdString(run.id);
        row.title = QString::fromStdString(run.name);
        row.state = run.state;
        row.loss = lossOf(run);
        if (run.samplesPerSecond && *run.samplesPerSecond > 0 && run.progress.step > 0)
            row.stepSeconds = static_cast<double>(run.progress.samples) / static_cast<double>(run.progress.step) / *run.samplesPerSecond;
        if (const auto known = m_measured.find(row.run); known != m_measured.end())
            row.peak = known->second.peak, row.growth = known->second.growth;
        else if (run.end)
            unknown << row.run;
        rows.push_back(std::move(row));
    }
    std::ranges::reverse(rows);  // the list of runs begins with the newest
    replaceRows(std::move(rows));
    return unknown;
}

void SavingsModel::setFacts(const QString& run, const QJsonObject& facts, const RunsModel& runs) {
    const QJsonObject memory = facts.value("memory").toObject();
    const auto number = [&](const char* name) { return memory.contains(name) ? std::optional<Bytes>(memory.value(name).toInteger()) : std::nullopt; };
    m_measured[run] = {number("tensors_peak"), number("process_growth")};
    follow(runs);
}

bool SavingsModel::isRunning() const {
    for (int i = 0; i < rowCount(); ++i)
        if (store::isLive(row(i).state) || row(i).state == store::RunState::Queued) return true;
    return false;
}

QVariant SavingsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const SavingsRow &each = row(index.row()), &base = row(0);
    const bool isBase = index.row() == 0;
    if (role == Qt::TextAlignmentRole) return static_cast<int>((index.column() >= Peak ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    switch (index.column()) {
        case Technique: return each.title;
        case State: return stateText(each.state);
        case Peak: return compared(each.peak, base.peak, format::bytes(each.peak.value_or(0)), isBase);
        case Growth: return compared(each.growth, base.growth, format::bytes(each.growth.value_or(0)), isBase);
        case Time: return compared(each.stepSeconds, base.stepSeconds, stepText(each.stepSeconds), isBase);
        case Loss: return each.loss ? format::metric(*each.loss) : QStringLiteral("–");
        default: return {};
    }
}

QVariant SavingsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return static_cast<int>((section >= Peak ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    const QString titles[kColumns] = {tr("Settings"), tr("State"), tr("Tensors' peak"), tr("Process"), tr("Step"), tr("Loss")};
    return titles[section];
}

}  // namespace headroom::ui
