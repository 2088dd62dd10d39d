// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "app/headroom.h"
#include "support/registry.h"

using namespace headroom::test;

namespace {

/// A hundred steps of a net that is slow enough to be interrupted on any machine.
QString makeLongConfig(const Headroom& headroom, const QString& name) {
    return headroom.makeConfig(name, {{"epochs", 100}, {"batch_size", 160}});
}
const QStringList kSlow{"--set", "model.arch=cnn"};

/// The weights of the same run, never interrupted.
QString unbroken() {
    static const QString weights = [] {
        const Headroom headroom;
        headroom.run(QStringList{"train", makeLongConfig(headroom, "unbroken"), "--quiet"} + kSlow);
        return headroom.show("unbroken")["weights_sha256"].toString();
    }();
    return weights;
}

}  // namespace

class Resuming : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anInterruptedRunIsPausedAndGoesOn_data();
    void anInterruptedRunIsPausedAndGoesOn();
    void aKilledCommandChangesNothing();
    void aKilledWorkerIsNoticedAndTheRunGoesOn();
    void killedBeforeItsFirstCheckpointItStartsAgain();
    void row103_aCheckpointAheadOfTheRecordWinsAndIsNoted();
    void aFinishedRunIsLeftAsItIs();
    void aLiveRunIsAttachedTo();
};

void Resuming::anInterruptedRunIsPausedAndGoesOn_data() {
    QTest::addColumn<int>("signal");
    QTest::addColumn<int>("status");
    QTest::newRow("SIGINT") << SIGINT << 130;
    QTest::newRow("SIGTERM") << SIGTERM << 143;
    QTest::newRow("SIGUSR1") << SIGUSR1 << 143;
}

void Resuming::anInterruptedRunIsPausedAndGoesOn() {
    REQUIRE_WORKER();
    QFETCH(int, signal);
    const Headroom headroom;
    const auto process = headroom.start(QStringList{"train", makeLongConfig(headroom, "i"), "--json"} + kSlow);
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "step");
    ::kill(static_cast<pid_t>(process->processId()), signal);
    const Outcome outcome = Headroom::finish(*process);
    if (headroom.show(id)["state"].toString() == "finished") QSKIP("the run was through before the signal came");
    QTEST(outcome.status, "status");
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("paused"));
    QCOMPARE(headroom.run({"resume", id}).status, 0);
    const QJsonObject run = headroom.show(id);
    QCOMPARE(run["state"].toString(), QString("finished"));
    QCOMPARE(run["weights_sha256"].toString(), unbroken());
}

void Resuming::aKilledCommandChangesNothing() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const auto process = headroom.start({"train", headroom.makeConfig("k"), "--json"});
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    process->kill();
    process->waitForFinished();
    const Outcome attached = headroom.run({"resume", id, "--json"});
    QCOMPARE(attached.status, 0);
    QCOMPARE(attached.lines().last()["state"].toString(), QString("finished"));
}

void Resuming::aKilledWorkerIsNoticedAndTheRunGoesOn() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const auto process = headroom.start({"train", headroom.makeConfig("w", endless()), "--json"});
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "checkpoint");
    headroom.strike(id, SIGKILL);
    const Outcome outcome = Headroom::finish(*process);
    QCOMPARE(outcome.status, 8);
    QVERIFY2(outcome.error.contains("WRK-01") && outcome.error.contains("headroom resume"), outcome.error.constData());
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("lost"));
    const qint64 reached = headroom.show(id)["step"].toInteger();
    const auto resumed = headroom.start({"resume", id, "--json"});
    while (true) {
        const QJsonObject step = Headroom::awaitEvent(*resumed, "step");
        QVERIFY(!step.isEmpty());
        if (step["step"].toInteger() > reached) break;
    }
    QCOMPARE(headroom.run({"stop", id}).status, 0);
    QCOMPARE(Headroom::finish(*resumed).status, 0);
}

void Resuming::killedBeforeItsFirstCheckpointItStartsAgain() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QStringList sparing{"--json", "--set", "checkpoint.every_steps=100000"};
    const auto process = headroom.start(QStringList{"train", makeLongConfig(headroom, "b")} + sparing + kSlow);
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    while (!headroom.show(id)["pid"].isDouble() && !process->waitForFinished(0)) {
    }
    headroom.strike(id, SIGKILL);
    const Outcome outcome = Headroom::finish(*process);
    // Killed so early that the queue still had its entry, it was started again at once.
    QVERIFY(outcome.status == 8 || outcome.status == 0);
    QCOMPARE(headroom.run({"resume", id}).status, 0);
    QCOMPARE(headroom.show(id)["weights_sha256"].toString(), unbroken());
}

void Resuming::row103_aCheckpointAheadOfTheRecordWinsAndIsNoted() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const auto pausedAfter = [&headroom](qint64 step, const QStringList& arguments) {
        const auto process = headroom.start(arguments);
        const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
        while (process->state() == QProcess::Running && Headroom::awaitEvent(*process, "step")["step"].toInteger() <= step) {}
        headroom.run({"pause", id});
        Headroom::finish(*process);
        return id;
    };
    const QString id = pausedAfter(0, QStringList{"train", makeLongConfig(headroom, "ahead"), "--json"} + kSlow);
    const QString record = headroom.show(id)["folder"].toString() + "/run.sqlite";
    QVERIFY(QFile::copy(record, record + ".old"));
    pausedAfter(headroom.show(id)["step"].toInteger(), {"resume", id, "--json"});
    QVERIFY(QFile::remove(record) && QFile::rename(record + ".old", record));
    const Outcome outcome = headroom.run({"resume", id, "--json"});
    QCOMPARE(outcome.status, 0);
    QVERIFY2(outcome.output.contains("the figures between are missing"), outcome.output.constData());
    QCOMPARE(headroom.show(id)["weights_sha256"].toString(), unbroken());
}

void Resuming::aFinishedRunIsLeftAsItIs() {
    REQUIRE_WORKER();
    const Headroom headroom;
    headroom.run({"train", headroom.makeConfig("f", {{"max_steps", 1}})});
    const QJsonObject before = headroom.show("f");
    const Outcome outcome = headroom.run({"resume", "f"});
    QCOMPARE(outcome.status, 0);
    QVERIFY(outcome.error.contains("finished already"));
    QCOMPARE(headroom.run({"resume", "f", "--json"}).lines().last()["state"].toString(), QString("finished"));
    QCOMPARE(headroom.show("f"), before);
}

void Resuming::aLiveRunIsAttachedTo() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString id = headroom.run({"train", headroom.makeConfig("l", endless()), "--detach"}).output.trimmed();
    const auto first = headroom.start({"resume", id, "--json"});
    const auto second = headroom.start({"resume", id, "--json"});
    QVERIFY(!Headroom::awaitEvent(*first, "step").isEmpty());
    QVERIFY(!Headroom::awaitEvent(*second, "step").isEmpty());
    QCOMPARE(headroom.run({"pause", id}).status, 0);
    QCOMPARE(Headroom::finish(*first).status, 0);
    QCOMPARE(Headroom::finish(*second).lines().last()["state"].toString(), QString("paused"));
}

HEADROOM_TEST(Resuming)
#include "tst_resume.moc"
