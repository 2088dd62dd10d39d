// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QFile>
#include <QProcess>

#include "base/errors/error.h"
#include "base/process/launch.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::process;

class ProcessTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aProcessIsKnownByNumberAndStart() {
        QVERIFY(isAlive(self()));
        ProcessId other = self();
        ++other.startTime;
        QVERIFY(!isAlive(other));
        QVERIFY(!sendSignal(other, 0));
        QVERIFY(!find(0) && !find(-1));
    }

    void aZombieCountsAsGone() {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        QTRY_VERIFY(!find(child));
        QCOMPARE(::waitpid(child, nullptr, 0), child);
    }

    void aDetachedProgramRunsInItsOwnSessionAndWritesToItsLog() {
        const test::TemporaryFolder folder;
        const ProcessId started = launchDetached(
            {"/bin/sh", {"-c", "echo out; echo err >&2; pwd; exec sleep 60"}, folder.path() / "logs/a.log", 3});
        QVERIFY(isAlive(started));
        QCOMPARE(::getsid(started.pid) == ::getsid(0), false);
        QVERIFY(::waitpid(started.pid, nullptr, WNOHANG) == -1);  // no child of ours
        QTRY_COMPARE(contents(folder.path() / "logs/a.log"), QByteArray("out\nerr\n/\n"));
        QVERIFY(sendSignal(started, SIGTERM));
        QTRY_VERIFY(!isAlive(started));
        QVERIFY(!sendSignal(started, SIGTERM));
    }

    void threadsOfWorkersSpinBrieflyUnlessThePersonSaysOtherwise() {
        const QByteArray policy = qgetenv("OMP_WAIT_POLICY"), spins = qgetenv("GOMP_SPINCOUNT");
        qunsetenv("GOMP_SPINCOUNT"), qputenv("OMP_WAIT_POLICY", "passive");
        shortenSpinning();
        QVERIFY(!qEnvironmentVariableIsSet("GOMP_SPINCOUNT"));
        qunsetenv("OMP_WAIT_POLICY");
        shortenSpinning();
        QCOMPARE(qgetenv("GOMP_SPINCOUNT"), QByteArray("10000"));
        qputenv("GOMP_SPINCOUNT", "7");
        shortenSpinning();
        QCOMPARE(qgetenv("GOMP_SPINCOUNT"), QByteArray("7"));
        policy.isEmpty() ? qunsetenv("OMP_WAIT_POLICY") : qputenv("OMP_WAIT_POLICY", policy);
        spins.isEmpty() ? qunsetenv("GOMP_SPINCOUNT") : qputenv("GOMP_SPINCOUNT", spins);
    }

    void aProgramThatCannotStartSaysSo() {
        const test::TemporaryFolder folder;
        try {
            launchDetached({folder.path() / "nothing", {}, folder.path() / "log", 0});
            QFAIL("it started");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Wrk03);
        }
        QVERIFY_EXCEPTION_THROWN(sibling("headroom-no-such-program"), Error);
    }

private:
    static QByteArray contents(const std::filesystem::path& path) {
        QFile file(QString::fromStdString(path.string()));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
};

HEADROOM_TEST(ProcessTest)
#include "tst_process.moc"
