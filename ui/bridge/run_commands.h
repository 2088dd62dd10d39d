// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QVector>

#include <filesystem>
#include <functional>

#include "ui/bridge/problem.h"
#include "ui/bridge/run_keeper.h"

namespace headroom::ui {

/// What a new run is made from.
struct NewRun {
    QByteArray config;  ///< the resolved configuration, JSON
    QString name;
    QString device;     ///< "cpu", "cuda:0"; the queue that it joins
    QString parent;     ///< run that it comes from; empty = none
    QString relation;   ///< "duplicate", "retry"; with a parent only
    QStringList tags{};
};

/// All that the studio does to runs. Functions return at once; the work is done in the thread that the object lives in,
/// the outcome comes as a signal.
class RunCommands : public QObject {
    Q_OBJECT
public:
    /// `keeper` must outlive the object.
    RunCommands(std::filesystem::path home, std::filesystem::path project, RunKeeper& keeper);

    void create(const NewRun& run);
    /// Several that belong together, queued in this order; created() is not told of them.
    void createAll(const QVector<NewRun>& runs);
    void pause(const QString& run);
    /// A running one stops after a checkpoint; a waiting one leaves the queue.
    void stop(const QString& run);
    void resume(const QString& run, const QString& device);
    void rename(const QString& run, const QString& name);
    void setTrashed(const QString& run, bool trashed);
    void setPinned(const QString& run, bool pinned);
    void loadConfig(const QString& run);
    /// Reads a file of ours (a configuration), for the form.
    void loadConfigFile(const QString& path);
    void saveFile(const QString& path, const QByteArray& bytes);

Q_SIGNALS:
    void created(const QString& run);
    void configLoaded(const QString& run, const QByteArray& json);
    void configFileLoaded(const QString& path, const QByteArray& json);
    void saved(const QString& path);
    void problem(const headroom::ui::Problem& problem);

private:
    /// Runs `work` in the object's thread; what it throws becomes problem().
    void post(std::function<void()> work);
    QString make(const NewRun& run);
    void queue(const QString& run, const QString& device, bool resume);
    template <class Change>
    void changeNotes(const QString& run, Change change);

    std::filesystem::path m_home, m_project;
    RunKeeper& m_keeper;
};

}  // namespace headroom::ui
