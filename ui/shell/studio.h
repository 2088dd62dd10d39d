// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QUndoStack>

#include <filesystem>

#include "base/telemetry/reading.h"
#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/memory_plan.h"
#include "ui/bridge/runs_model.h"
#include "ui/panels/context.h"
#include "ui/panels/selection.h"

namespace headroom::ui {

/// Everything behind the window: the bridge, the models, the settings of the next run, and what can be done to runs.
/// GUI thread; knows no widget.
class Studio : public QObject {
    Q_OBJECT
public:
    Studio(std::filesystem::path home, std::filesystem::path project);

    void start() { m_bridge.start(); }
    Context context();
    Bridge& bridge() { return m_bridge; }
    RunsModel& runs() { return m_runs; }
    Selection& selection() { return m_selection; }
    ChartGroup& charts() { return m_charts; }
    ConfigDraft& draft() { return m_draft; }
    QUndoStack& undo() { return m_undo; }
    const telemetry::Reading& reading() const { return m_reading; }
    const QString& projectName() const { return m_projectName; }
    int queued() const { return m_queued; }

    void startRun();
    /// Pauses the selected run, or resumes it where it is paused, lost or failed.
    void pauseOrResume();
    void stopRun();
    void duplicate();
    void trash();
    void togglePin();
    void rename(const QString& run, const QString& before, const QString& name);
    /// Saves the settings into the project and returns the command line that starts the same run from them.
    QString command();
    void openSample();
    void openConfig(const QString& path);
    void saveConfig(const QString& path);
    /// Live runs of this project.
    QStringList live() const;

Q_SIGNALS:
    void problem(const headroom::ui::Problem& problem);
    /// A sentence for the status bar.
    void said(const QString& sentence);
    void projectChanged();
    void listed();
    void hardwareRead();

private:
    void takeConfig(const QString& file, const QByteArray& json);
    void takeRuns(const RunList& runs);
    QString device() const;
    QString freshName() const;

    Bridge m_bridge;
    RunsModel m_runs;
    ChartGroup m_charts;
    Selection m_selection;
    ConfigDraft m_draft;
    DataInfo m_data;
    MemoryPlan m_memory;
    QUndoStack m_undo;
    telemetry::Reading m_reading;
    QString m_projectName, m_parent;
    int m_queued = 0;
    bool m_listedOnce = false;
};

}  // namespace headroom::ui
