// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QTimer>

#include <filesystem>
#include <memory>

#include "ui/bridge/problem.h"
#include "ui/bridge/run_keeper.h"
#include "ui/bridge/runs_model.h"

namespace headroom::store {
class Catalogue;
class Home;
class Project;
class Queue;
}  // namespace headroom::store

namespace headroom::ui {

/// Watches a project's catalogue and the queue from a thread of its own and hands out the finished list of runs. A
/// change that somebody committed is seen within a quarter of a second; what follows from processes alone (a worker that
/// was killed) within a second. A run of ours that the kernel took is brought back before it is listed (RunKeeper).
class StoreReader : public QObject {
    Q_OBJECT
public:
    /// `keeper` must outlive the object.
    StoreReader(std::filesystem::path home, std::filesystem::path project, RunKeeper& keeper);
    ~StoreReader() override;

public:
    /// Call in the thread that the reader lives in.
    void start();
    void poll();

Q_SIGNALS:
    void opened(const QString& projectName, const QString& projectPath, const QString& defaultsJson);
    void listed(const headroom::ui::RunList& runs);
    void waiting(int queued);
    void problem(const headroom::ui::Problem& problem);

private:
    void open();
    bool changed();
    void list();
    void tell(const Error& error);

    std::filesystem::path m_homePath, m_projectPath;
    RunKeeper& m_keeper;
    std::unique_ptr<store::Home> m_home;
    std::unique_ptr<store::Project> m_project;
    std::unique_ptr<store::Catalogue> m_catalogue;
    std::unique_ptr<store::Queue> m_queue;
    QTimer* m_timer = nullptr;
    std::int64_t m_catalogueVersion = -1, m_queueVersion = -1;
    int m_pollsSinceList = 0;
    QString m_lastProblem;
};

}  // namespace headroom::ui
