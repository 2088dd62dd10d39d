// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QStringList>

#include <map>

#include "ui/bridge/runs_model.h"
#include "ui/widgets/chart_group.h"

namespace headroom::ui {

/// Which run the window is about, and which are drawn beside it: those that a person marked, else the newest ones on the
/// same data. A run keeps its colour for as long as it is drawn.
class Selection : public QObject {
    Q_OBJECT
public:
    Selection(RunsModel& runs, ChartGroup& group, QObject* parent = nullptr);

    const QString& current() const { return m_current; }
    const store::RunSummary* run() const { return m_runs.find(m_current); }
    void setCurrent(const QString& run);
    /// More than one: exactly these are drawn.
    void setMarked(const QStringList& runs);
    void setHidden(const QString& run, bool hidden);
    bool isHidden(const QString& run) const { return m_hidden.contains(run); }
    /// Runs that are drawn, the current one among them.
    QStringList shown() const;

Q_SIGNALS:
    void currentChanged(const QString& run);
    /// The current run's row changed (progress, state), or came: a session names its run before the runs are listed.
    void runChanged();
    void shownChanged();

private:
    /// Rows changed or came.
    void tell(int first, int last);
    void update();
    QStringList wanted() const;
    void assignColours(const QStringList& runs);

    RunsModel& m_runs;
    ChartGroup& m_group;
    QString m_current;
    QStringList m_marked, m_hidden;
    std::map<QString, int> m_colours;
};

}  // namespace headroom::ui
