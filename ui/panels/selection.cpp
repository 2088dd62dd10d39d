// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/selection.h"

#include <algorithm>

namespace headroom::ui {
namespace {

constexpr qsizetype kDrawnByItself = 6;

int lowestFree(const std::map<QString, int>& taken) {
    for (int slot = 0;; ++slot)
        if (std::none_of(taken.begin(), taken.end(), [slot](const auto& entry) { return entry.second == slot; })) return slot;
}

}  // namespace

Selection::Selection(RunsModel& runs, ChartGroup& group, QObject* parent) : QObject(parent), m_runs(runs), m_group(group) {
    connect(&m_runs, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) { tell(first, last); });
    connect(&m_runs, &QAbstractItemModel::rowsRemoved, this, &Selection::update);
    connect(&m_runs, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& first, const QModelIndex& last, const QList<int>& roles) {
        if (roles.contains(RunsModel::SeriesRole)) return;
        tell(first.row(), last.row());
    });
}

void Selection::tell(int first, int last) {
    const QModelIndex at = m_runs.indexOf(m_current);
    if (at.isValid() && at.row() >= first && at.row() <= last) Q_EMIT runChanged();
    update();
}

void Selection::setCurrent(const QString& run) {
    if (run == m_current) return;
    m_current = run;
    m_hidden.removeAll(run);
    update();
    Q_EMIT currentChanged(run);
}

void Selection::setMarked(const QStringList& runs) {
    m_marked = runs.size() > 1 ? runs : QStringList();
    update();
}

void Selection::setHidden(const QString& run, bool hidden) {
    if (hidden)
        m_hidden << run;
    else
        m_hidden.removeAll(run);
    update();
}

QStringList Selection::wanted() const {
    if (!m_marked.isEmpty()) return m_marked;
    const store::RunSummary* current = run();
    if (!current) return {};
    QStringList runs{m_current};
    for (const store::RunSummary& other : m_runs.all()) {
        const QString id = QString::fromStdString(other.id);
        const bool comparable = other.data == current->data && !other.trashed && other.progress.step > 0;
        if (runs.size() < kDrawnByItself && comparable && id != m_current && !m_hidden.contains(id)) runs << id;
    }
    return runs;
}

void Selection::assignColours(const QStringList& runs) {
    std::erase_if(m_colours, [&](const auto& entry) { return !runs.contains(entry.first); });
    for (const QString& run : runs)
        if (!m_colours.count(run)) m_colours[run] = lowestFree(m_colours);
}

void Selection::update() {
    const QStringList runs = wanted();
    assignColours(runs);
    QVector<ShownRun> shown;
    for (const QString& id : runs)
        if (const store::RunSummary* run = m_runs.find(id)) shown << ShownRun{id, QString::fromStdString(run->name), m_colours[id], id == m_current};
    m_runs.setShown(m_colours);
    m_group.setRuns(shown);
    Q_EMIT shownChanged();
}

QStringList Selection::shown() const {
    QStringList ids;
    for (const ShownRun& run : m_group.runs()) ids << run.id;
    return ids;
}

}  // namespace headroom::ui
