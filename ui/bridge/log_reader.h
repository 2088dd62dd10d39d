// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>

#include <filesystem>

class QTimer;

namespace headroom::ui {

/// Follows a run's log.txt from a thread of its own: its last part first, then what is added.
class LogReader : public QObject {
    Q_OBJECT
public:
    explicit LogReader(std::filesystem::path runs) : m_runsFolder(std::move(runs)) {}

    /// Call in the thread that the reader lives in.
    void start();
    void follow(const QString& run);

Q_SIGNALS:
    void begun(const QString& run);
    void added(const QString& run, const QString& text);

private:
    void poll();

    std::filesystem::path m_runsFolder;
    QString m_run;
    qint64 m_at = -1;  ///< -1 = nothing read yet
    QTimer* m_timer = nullptr;
};

}  // namespace headroom::ui
