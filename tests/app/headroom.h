// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QString>
#include <QStringList>

#include <filesystem>
#include <memory>

#include "support/temporary_folder.h"

namespace headroom::test {

/// Folder of the built programs, from HEADROOM_BIN.
QString programs();
bool isBuilt(const QString& program);

/// The value inside a document at a path of keys and numbers: "series.0.points".
QJsonValue at(QJsonValue value, const QString& path);

struct Outcome {
    int status = -1;  ///< exit status; -1 where it did not end in time or a signal ended it
    QByteArray output, error;

    QJsonArray list() const { return QJsonDocument::fromJson(output).array(); }
    QJsonObject object() const { return QJsonDocument::fromJson(output).object(); }
    /// NDJSON: the lines of standard output.
    QList<QJsonObject> lines() const;
};

/// The real `headroom` with a home of its own, and small made-up data to train on.
class Headroom {
public:
    Headroom();
    /// Ends what still runs in the home.
    ~Headroom();
    Headroom(const Headroom&) = delete;
    Headroom& operator=(const Headroom&) = delete;

    std::filesystem::path folder() const { return m_folder.path(); }
    std::filesystem::path home() const { return m_folder.path() / "home"; }
    void setEnvironment(const QString& name, const QString& value) { m_environment.insert(name, value); }

    Outcome run(const QStringList& arguments) const;
    /// Started, not waited for; standard output can be read line by line. `cgroup`: folder of the one that it runs in.
    std::unique_ptr<QProcess> start(const QStringList& arguments, const QString& cgroup = {}) const;
    /// Waits for the end of a started one.
    static Outcome finish(QProcess& process);
    /// Reads lines of a started one until one holds this event; empty where it ended before.
    static QJsonObject awaitEvent(QProcess& process, const QString& event);

    /// Pictures of 8 x 8 in two classes that are easy to tell apart, as IDX beside a configuration that names them.
    /// Returns the configuration's path. `members`: of "train", replacing the defaults.
    QString makeConfig(const QString& name, const QJsonObject& train = {}) const;
    QJsonObject show(const QString& run) const;
    /// Sends a signal to the worker that holds the run; to nobody where none does.
    void strike(const QString& run, int signal) const;

private:
    TemporaryFolder m_folder;
    QProcessEnvironment m_environment;
};

/// Members of "train" for a run that lasts until somebody ends it, with a checkpoint every twenty steps.
QJsonObject endless();

}  // namespace headroom::test

/// Skips where the engine was not built.
#define REQUIRE_WORKER()                                                                \
    do {                                                                                \
        if (!headroom::test::isBuilt("headroom-worker")) QSKIP("the worker is not built"); \
    } while (false)
