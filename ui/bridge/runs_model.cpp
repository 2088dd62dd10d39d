// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/runs_model.h"

#include <QCoreApplication>

#include <algorithm>
#include <set>

#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Runs", text); }

bool sameRow(const store::RunSummary& a, const store::RunSummary& b) {
    return a.name == b.name && a.updated == b.updated && a.state == b.state && a.progress.step == b.progress.step &&
           a.metrics == b.metrics && a.trashed == b.trashed && a.pinned == b.pinned && a.tags == b.tags &&
           a.colour == b.colour && a.sparkline == b.sparkline && a.progress.etaSeconds == b.progress.etaSeconds &&
           a.pid == b.pid;
}

QString searchText(const store::RunSummary& run) {
    QStringList words{QString::fromStdString(run.name), QString::fromStdString(run.id), QString::fromStdString(run.arch),
                      QString::fromStdString(run.data), stateText(run.state)};
    for (const std::string& tag : run.tags) words << QString::fromStdString(tag);
    return words.join(QLatin1Char(' ')).toLower();
}

}  // namespace

int RunsModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_runs.size()); }

QVariant RunsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const store::RunSummary& run = m_runs[static_cast<std::size_t>(index.row())];
    const QString id = QString::fromStdString(run.id);
    switch (role) {
        case Qt::DisplayRole:
        case Qt::EditRole: return QString::fromStdString(run.name);
        case Qt::ToolTipRole: return tr("%1\n%2 on %3").arg(id, QString::fromStdString(run.arch), QString::fromStdString(run.data));
        case Qt::AccessibleTextRole: {
            const auto figure = headline(run);
            return tr("%1, %2%3").arg(QString::fromStdString(run.name), subtitle(run), figure ? ", " + format::metric(*figure) : QString());
        }
        case IdRole: return id;
        case SummaryRole: return QVariant::fromValue(run);
        case StateRole: return static_cast<int>(run.state);
        case SearchRole: return searchText(run);
        case SeriesRole: {
            const auto shown = m_shown.find(id);
            return shown == m_shown.end() ? kNotShown : shown->second;
        }
        default: return {};
    }
}

bool RunsModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
    const store::RunSummary& run = m_runs[static_cast<std::size_t>(index.row())];
    const QString before = QString::fromStdString(run.name), name = value.toString().trimmed();
    if (name.isEmpty() || name == before) return false;
    Q_EMIT renamed(QString::fromStdString(run.id), before, name);
    return true;
}

Qt::ItemFlags RunsModel::flags(const QModelIndex& index) const {
    return QAbstractListModel::flags(index) | (index.isValid() ? Qt::ItemIsEditable : Qt::NoItemFlags);
}

void RunsModel::merge(const RunList& runs) {
    removeMissing(runs);
    for (int row = 0; row < static_cast<int>(runs.size()); ++row) {
        const store::RunSummary& now = runs[static_cast<std::size_t>(row)];
        if (row < rowCount() && m_runs[static_cast<std::size_t>(row)].id == now.id) {
            update(row, now);
            continue;
        }
        const QModelIndex old = indexOf(QString::fromStdString(now.id));
        if (old.isValid()) {  // the order changed: taken out, put in again
            beginRemoveRows({}, old.row(), old.row());
            m_runs.erase(m_runs.begin() + old.row());
            endRemoveRows();
        }
        beginInsertRows({}, row, row);
        m_runs.insert(m_runs.begin() + row, now);
        endInsertRows();
    }
}

void RunsModel::removeMissing(const RunList& runs) {
    std::set<std::string> there;
    for (const store::RunSummary& run : runs) there.insert(run.id);
    for (int row = rowCount() - 1; row >= 0; --row) {
        if (there.count(m_runs[static_cast<std::size_t>(row)].id)) continue;
        beginRemoveRows({}, row, row);
        m_runs.erase(m_runs.begin() + row);
        endRemoveRows();
    }
}

void RunsModel::update(int row, const store::RunSummary& now) {
    store::RunSummary& run = m_runs[static_cast<std::size_t>(row)];
    if (sameRow(run, now)) return;
    const store::RunState before = run.state;
    run = now;
    Q_EMIT dataChanged(index(row), index(row));
    if (before != now.state) Q_EMIT stateChanged(QString::fromStdString(now.id), before, now.state);
}

const store::RunSummary* RunsModel::find(const QString& id) const {
    const QModelIndex at = indexOf(id);
    return at.isValid() ? &m_runs[static_cast<std::size_t>(at.row())] : nullptr;
}

QModelIndex RunsModel::indexOf(const QString& id) const {
    const std::string wanted = id.toStdString();
    const auto at = std::find_if(m_runs.begin(), m_runs.end(), [&](const auto& run) { return run.id == wanted; });
    return at == m_runs.end() ? QModelIndex() : index(static_cast<int>(at - m_runs.begin()));
}

void RunsModel::setShown(const std::map<QString, int>& shown) {
    if (shown == m_shown) return;
    m_shown = shown;
    if (!m_runs.empty()) Q_EMIT dataChanged(index(0), index(rowCount() - 1), {SeriesRole});
}

QString stateText(store::RunState state) {
    const std::string_view name = store::word(state);
    return tr(std::string(name).c_str());
}

QString subtitle(const store::RunSummary& run) {
    QStringList parts{stateText(run.state)};
    if (store::isLive(run.state)) {
        if (run.progress.etaSeconds)
            parts << format::eta(*run.progress.etaSeconds);
        else if (run.progress.step > 0)
            parts << tr("step %1").arg(format::grouped(run.progress.step));
        return parts.join(QStringLiteral(" · "));
    }
    if (run.end && !run.end->code.empty()) parts << QString::fromStdString(run.end->code);
    if (run.end && run.end->reason != "completed" && run.end->code.empty()) parts << QString::fromStdString(run.end->reason);
    if (run.wallSeconds > 0) parts << format::duration(run.wallSeconds);
    if (run.joules) parts << tr("%1 Wh").arg(*run.joules / 3600, 0, 'g', 2);
    return parts.join(QStringLiteral(" · "));
}

std::optional<double> headline(const store::RunSummary& run) {
    for (const char* name : {"val_miou", "val_accuracy", "val_r2", "val_loss", "train_loss"})
        if (const auto at = run.metrics.find(name); at != run.metrics.end()) return at->second;
    return std::nullopt;
}

}  // namespace headroom::ui
