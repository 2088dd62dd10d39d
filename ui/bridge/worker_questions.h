// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QElapsedTimer>
#include <QJsonObject>
#include <QObject>
#include <QProcess>

#include <deque>
#include <optional>

#include "ui/bridge/problem.h"

namespace headroom::ui {

/// Questions to a warm `headroom-worker serve`: whatever needs a foreign file opened or the engine. One question at a
/// time goes out; a newer question about the same topic replaces the one that still waits. A worker that dies takes the
/// question it had with it (WRK-01) and is started again for the next.
class WorkerQuestions : public QObject {
    Q_OBJECT
public:
    /// `program`: path of the worker; empty = the one beside this program.
    explicit WorkerQuestions(QString program = {});
    ~WorkerQuestions() override;

    /// From any thread. `question` holds "ask" and its arguments. Returns the number that the answer carries.
    qint64 ask(const QString& topic, QJsonObject question);

Q_SIGNALS:
    void answered(qint64 id, const QString& topic, const QJsonObject& answer);
    void failed(qint64 id, const QString& topic, const headroom::ui::Problem& problem);
    void replaced(qint64 id);

private:
    struct Question {
        qint64 id;
        QString topic;
        QJsonObject body;
    };
    void add(Question question);
    void sendNext();
    bool ensureRunning();
    void readLines();
    void take(const QByteArray& line);
    void died();
    void fail(const Problem& problem);

    QString m_program;
    QProcess* m_process = nullptr;
    std::deque<Question> m_waiting;
    std::optional<Question> m_asked;
    QAtomicInteger<qint64> m_last = 0;
};

}  // namespace headroom::ui
