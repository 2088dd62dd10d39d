// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QObject>
#include <QProcess>
#include <QTemporaryDir>

#include "ui/bridge/problem.h"

namespace headroom::ui {

/// One call of headroom-worker that prints lines of JSON, the last one its answer. It ends with its owner, with every
/// program that it started and the temporary files of all of them; where the studio dies, it does too.
class WorkerCall : public QObject {
    Q_OBJECT
public:
    /// `program`: path of the worker; empty = the one beside this program.
    explicit WorkerCall(const QString& program, QObject* parent = nullptr) : QObject(parent), m_program(program) {}
    ~WorkerCall() override;

    void start(const QStringList& arguments);

Q_SIGNALS:
    /// A line of its output; the answer too.
    void said(const QJsonObject& line);
    /// It refused, could not be started or stopped without a line.
    void failed(const headroom::ui::Problem& problem);

private:
    void read();
    void ended();
    void fail(const Problem& problem);

    QString m_program;
    QTemporaryDir m_scratch;
    QProcess m_process;
    bool m_answered = false;
};

}  // namespace headroom::ui
