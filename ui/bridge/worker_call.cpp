// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/worker_call.h"

#include <QJsonDocument>

#include <csignal>

#include <sys/prctl.h>
#include <unistd.h>

#include "base/process/launch.h"

namespace headroom::ui {
namespace {

constexpr int kFarewellMs = 3000;

/// Between fork and exec: a group of its own, so that what it starts can be ended with it.
void becomeOurs() {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

WorkerCall::~WorkerCall() {
    m_process.disconnect(this);
    const auto process = static_cast<pid_t>(m_process.processId());
    if (m_process.state() == QProcess::NotRunning || process <= 0) return;
    ::kill(-process, SIGKILL);
    ::kill(process, SIGKILL);  // it may not be in its group yet
    m_process.waitForFinished(kFarewellMs);
}

void WorkerCall::start(const QStringList& arguments) {
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &WorkerCall::read);
    connect(&m_process, &QProcess::finished, this, &WorkerCall::ended);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart) fail({Severity::Error, QStringLiteral("WRK-03"), {}, tr("The worker could not be started: %1.").arg(m_process.errorString())});
    });
    try {
        if (m_program.isEmpty()) m_program = QString::fromStdString(process::sibling("headroom-worker").string());
    } catch (const Error& error) {
        return fail(problemsOf(error).first());
    }
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("TMPDIR"), m_scratch.path());
    m_process.setProcessEnvironment(environment);
    m_process.setStandardInputFile(QProcess::nullDevice());
    m_process.setStandardErrorFile(QProcess::nullDevice());
    m_process.setChildProcessModifier(becomeOurs);
    m_process.start(m_program, arguments);
}

void WorkerCall::read() {
    while (m_process.canReadLine() && !m_answered) {
        const QJsonObject line = QJsonDocument::fromJson(m_process.readLine()).object();
        const QJsonObject error = line.value(QLatin1String("error")).toObject();
        if (!error.isEmpty()) return fail({Severity::Error, error.value(QLatin1String("code")).toString(), {}, error.value(QLatin1String("message")).toString()});
        m_answered = !line.isEmpty() && !line.contains(QLatin1String("text"));
        if (!line.isEmpty()) Q_EMIT said(line);
    }
}

void WorkerCall::ended() {
    read();
    if (m_answered) return;
    const QString how = m_process.exitStatus() == QProcess::CrashExit ? tr("crashed") : tr("exit status %1").arg(m_process.exitCode());
    fail({Severity::Error, QStringLiteral("WRK-01"), {}, tr("The worker stopped without an answer (%1). The studio and the run are not affected.").arg(how)});
}

void WorkerCall::fail(const Problem& problem) {
    m_answered = true;
    Q_EMIT failed(problem);
}

}  // namespace headroom::ui
