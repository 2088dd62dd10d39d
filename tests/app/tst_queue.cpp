// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "app/headroom.h"
#include "support/registry.h"

using namespace headroom::test;

namespace {

QString detached(const Headroom& headroom, const QString& name, const QJsonObject& train) {
    return headroom.run({"train", headroom.makeConfig(name, train), "--detach"}).output.trimmed();
}

QString stateOf(const Headroom& headroom, const QString& run) { return headroom.show(run)["state"].toString(); }

void awaitRunning(const Headroom& headroom, const QString& run) {
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(headroom, run), QString("running"), 60'000);
}

}  // namespace

class Queueing : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aBusyDeviceQueuesAndTheRunsFollowEachOther();
    void aForegroundRunWaitsForItsTurn();
    void anInterruptedWaitLeavesTheQueue();
    void aWaitingRunIsStoppedWithoutEverStarting();
    void pauseAndStopWaitUntilTheyAreDone();
    void whatHasEndedCannotBePaused();
    void twoHomesNeverMeet();
};

void Queueing::aBusyDeviceQueuesAndTheRunsFollowEachOther() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString first = detached(headroom, "one", {{"epochs", 100}});
    const QString second = detached(headroom, "two", {{"epochs", 1}});
    const QString third = detached(headroom, "three", {{"epochs", 1}});
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(headroom, third), QString("finished"), 60'000);
    QCOMPARE(stateOf(headroom, first), QString("finished"));
    QCOMPARE(stateOf(headroom, second), QString("finished"));
    QVERIFY(headroom.show(first)["ended"].toString() <= headroom.show(second)["ended"].toString());
    QVERIFY(headroom.show(second)["ended"].toString() <= headroom.show(third)["ended"].toString());
}

void Queueing::aForegroundRunWaitsForItsTurn() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString first = detached(headroom, "one", endless());
    awaitRunning(headroom, first);
    const auto waiting = headroom.start({"train", headroom.makeConfig("two"), "--json"});
    const QJsonObject state = Headroom::awaitEvent(*waiting, "state");
    QCOMPARE(state["state"].toString(), QString("queued"));
    QCOMPARE(headroom.run({"stop", first}).status, 0);
    const Outcome outcome = Headroom::finish(*waiting);
    QCOMPARE(outcome.status, 0);
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("finished"));
}

void Queueing::anInterruptedWaitLeavesTheQueue() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString first = detached(headroom, "one", endless());
    awaitRunning(headroom, first);
    const auto waiting = headroom.start({"train", headroom.makeConfig("two"), "--json"});
    const QString second = Headroom::awaitEvent(*waiting, "run")["id"].toString();
    Headroom::awaitEvent(*waiting, "state");
    ::kill(static_cast<pid_t>(waiting->processId()), SIGINT);
    const Outcome outcome = Headroom::finish(*waiting);
    QCOMPARE(outcome.status, 130);
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("paused"));
    QCOMPARE(stateOf(headroom, second), QString("paused"));
    QCOMPARE(stateOf(headroom, first), QString("running"));
    QCOMPARE(headroom.run({"stop", first}).status, 0);
    QCOMPARE(headroom.run({"resume", second}).status, 0);
}

void Queueing::aWaitingRunIsStoppedWithoutEverStarting() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString first = detached(headroom, "one", endless());
    awaitRunning(headroom, first);
    const QString second = detached(headroom, "two", {{"epochs", 1}});
    QCOMPARE(stateOf(headroom, second), QString("queued"));
    const Outcome outcome = headroom.run({"stop", second, "--json"});
    QCOMPARE(outcome.object()["state"].toString(), QString("finished"));
    QCOMPARE(outcome.object()["step"].toInt(), 0);
    QCOMPARE(stateOf(headroom, first), QString("running"));
    QCOMPARE(headroom.run({"stop", first}).status, 0);
}

void Queueing::pauseAndStopWaitUntilTheyAreDone() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString run = detached(headroom, "p", endless());
    const QJsonObject paused = headroom.run({"pause", run, "--json"}).object();
    QCOMPARE(paused["state"].toString(), QString("paused"));
    QVERIFY(paused["changed"].toBool());
    QCOMPARE(stateOf(headroom, run), QString("paused"));
    QVERIFY(!headroom.run({"pause", run, "--json"}).object()["changed"].toBool());
    QCOMPARE(headroom.run({"resume", run, "--detach"}).status, 0);
    awaitRunning(headroom, run);  // one that still waits would be taken out of the queue instead
    const Outcome stopped = headroom.run({"stop", run, "--json"});
    QCOMPARE(stopped.object()["state"].toString(), QString("finished"));
    QCOMPARE(headroom.show(run)["reason"].toString(), QString("stopped"));
}

void Queueing::whatHasEndedCannotBePaused() {
    REQUIRE_WORKER();
    const Headroom headroom;
    headroom.run({"train", headroom.makeConfig("e", {{"optimizer", QJsonObject{{"name", "sgd"}, {"lr", 1e30}}}}), "--yes"});
    const Outcome outcome = headroom.run({"pause", "e"});
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.error.startsWith("RUN-05"), outcome.error.constData());
}

void Queueing::twoHomesNeverMeet() {
    REQUIRE_WORKER();
    const Headroom one, two;
    const QString busy = detached(one, "busy", endless());
    awaitRunning(one, busy);
    QCOMPARE(two.run({"train", two.makeConfig("free")}).status, 0);
    QCOMPARE(stateOf(one, busy), QString("running"));
    QCOMPARE(one.run({"stop", busy}).status, 0);
}

HEADROOM_TEST(Queueing)
#include "tst_queue.moc"
