// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QProcess>
#include <QtTest>

#include <csignal>

#include <sys/prctl.h>

namespace headroom::test {

/// A program beside this one that dies with its test: by the destructor where a check fails, by the kernel where the test
/// itself is killed. Nothing of it is a pipe but what Output::Lines asks for.
class ChildProcess {
public:
    enum class Output { Thrown, Lines };

    ChildProcess(const QString& program, const QStringList& arguments, Output output = Output::Thrown) {
        m_process.setStandardInputFile(QProcess::nullDevice());
        m_process.setStandardErrorFile(QProcess::nullDevice());
        if (output == Output::Thrown) m_process.setStandardOutputFile(QProcess::nullDevice());
        m_process.setChildProcessModifier([] { ::prctl(PR_SET_PDEATHSIG, SIGKILL); });
        m_process.start(QCoreApplication::applicationDirPath() + "/" + program, arguments);
        m_process.waitForStarted();
    }
    ~ChildProcess() { kill(); }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    bool isRunning() const { return m_process.state() == QProcess::Running; }
    /// The next line of its output; empty where none comes or it ended.
    QByteArray line(int timeoutMs) {
        while (!m_process.canReadLine())
            if (!m_process.waitForReadyRead(timeoutMs)) return {};
        return m_process.readLine().trimmed();
    }
    /// SIGKILL, and returns once it is gone.
    void kill() {
        if (!isRunning()) return;
        m_process.kill();
        m_process.waitForFinished();
    }

private:
    QProcess m_process;
};

}  // namespace headroom::test
