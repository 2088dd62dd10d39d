// SPDX-License-Identifier: Apache-2.0
// A worker that dies: by the kernel for want of memory, or otherwise. Most of it with a kernel of files (FakeSystem) and a
// SIGKILL of our own; once with a real memory cgroup, where one can be made.
#include <csignal>

#include "app/headroom.h"
#include "app/memory_group.h"
#include "support/fake_system.h"
#include "support/registry.h"

using namespace headroom::test;

namespace {

constexpr const char* kBroughtBack = "The kernel ended the worker for want of memory; training went on from step ";

/// A home whose programs believe a kernel of files.
struct Machine {
    FakeSystem system{};
    Headroom headroom{};

    Machine() { headroom.setEnvironment("HEADROOM_SYSTEM_ROOT", QString::fromStdString(system.folder())); }

    /// A net that is slow enough for its worker to be struck wherever the test wants.
    std::unique_ptr<QProcess> train(const QString& name, const QJsonObject& members) const {
        QJsonObject all{{"batch_size", 160}};
        for (auto member = members.begin(); member != members.end(); ++member) all[member.key()] = member.value();
        return headroom.start({"train", headroom.makeConfig(name, all), "--json", "--set", "model.arch=cnn"});
    }
    void strikeAsTheKernel(const QString& run, int kills) const {
        system.setOomKills(kills);
        headroom.strike(run, SIGKILL);
    }
};

QJsonObject awaitMemoryEvent(QProcess& process, const QString& begin) {
    QJsonObject event;
    do event = Headroom::awaitEvent(process, "memory");
    while (!event.isEmpty() && !event["text"].toString().startsWith(begin));
    return event;
}

std::vector<QJsonObject> eventsOf(const Outcome& outcome, const QString& kind) {
    std::vector<QJsonObject> found;
    for (const QJsonObject& line : outcome.lines())
        if (line["event"].toString() == kind) found.push_back(line);
    return found;
}

int microBatch(const Headroom& headroom, const QString& run) { return at(headroom.show(run), "facts.micro_batch").toInt(); }

}  // namespace

class Rescuing : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunWhoseWorkerTheKernelEndedIsFinishedWithHalfTheMicroBatch_data();
    void aRunWhoseWorkerTheKernelEndedIsFinishedWithHalfTheMicroBatch();
    void anyOtherDeathIsReportedAndAResumeChangesNothing_data();
    void anyOtherDeathIsReportedAndAResumeChangesNothing();
    void theFourthTimeInFiveMinutesIsReported();
    void whoOnlyLooksOnSeesItGoOn();
    void aStopThatWasAskedForIsNotTurnedIntoAResume();
    void theTrainingGivesWayBeforeTheKernelActs();
    void aProcessThatTakesTheMemoryEndsTheWorkerAndNotTheRun();
};

void Rescuing::aRunWhoseWorkerTheKernelEndedIsFinishedWithHalfTheMicroBatch_data() {
    QTest::addColumn<QString>("after");
    QTest::newRow("as soon as it has the run") << QString();
    QTest::newRow("after its first step") << QString("step");
    QTest::newRow("after a checkpoint") << QString("checkpoint");
    QTest::newRow("after an evaluation") << QString("eval");
}

void Rescuing::aRunWhoseWorkerTheKernelEndedIsFinishedWithHalfTheMicroBatch() {
    REQUIRE_WORKER();
    QFETCH(QString, after);
    const Machine machine;
    const auto process = machine.train("k", {{"epochs", 100}, {"eval_every", 15}});
    const QJsonObject run = Headroom::awaitEvent(*process, "run");
    const QString id = run["id"].toString();
    // The log is begun by the worker that holds the run.
    if (after.isEmpty())
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(run["folder"].toString() + "/log.txt"), 60'000);
    else
        QVERIFY(!Headroom::awaitEvent(*process, after).isEmpty());
    machine.strikeAsTheKernel(id, 1);
    const Outcome outcome = Headroom::finish(*process);
    QCOMPARE(outcome.status, 0);
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("finished"));
    const auto memory = eventsOf(outcome, "memory");
    QCOMPARE(memory.size(), std::size_t(1));
    QVERIFY2(memory[0]["text"].toString().startsWith(kBroughtBack), qPrintable(memory[0]["text"].toString()));
    QVERIFY2(memory[0]["text"].toString().endsWith("with micro-batch 80."), qPrintable(memory[0]["text"].toString()));
    QCOMPARE(microBatch(machine.headroom, id), 80);
    QCOMPARE(machine.headroom.show(id)["step"].toInt(), 100);
    QVERIFY(!QFile::exists(run["folder"].toString() + "/worker.json"));
    QVERIFY(!QFile::exists(run["folder"].toString() + "/resume.json"));
}

void Rescuing::anyOtherDeathIsReportedAndAResumeChangesNothing_data() {
    QTest::addColumn<int>("signal");
    QTest::addColumn<int>("kills");
    QTest::newRow("SIGKILL, and the kernel ended nobody") << SIGKILL << 0;
    QTest::newRow("a crash while the kernel ended somebody else") << SIGSEGV << 1;
    QTest::newRow("an abort while the kernel ended somebody else") << SIGABRT << 1;
}

void Rescuing::anyOtherDeathIsReportedAndAResumeChangesNothing() {
    REQUIRE_WORKER();
    QFETCH(int, signal);
    QFETCH(int, kills);
    const Machine machine;
    const auto process = machine.train("o", endless());
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "checkpoint");
    machine.system.setOomKills(kills);
    machine.headroom.strike(id, signal);
    const Outcome outcome = Headroom::finish(*process);
    QCOMPARE(outcome.status, 8);
    QVERIFY2(outcome.error.contains("WRK-01 The worker stopped unexpectedly") && outcome.error.contains("headroom resume"), outcome.error.constData());
    const qint64 reached = machine.headroom.show(id)["step"].toInteger();
    const auto resumed = machine.headroom.start({"resume", id, "--json"});
    qint64 step = 0;
    while (step <= reached && resumed->state() == QProcess::Running) step = Headroom::awaitEvent(*resumed, "step")["step"].toInteger();
    QCOMPARE(machine.headroom.run({"stop", id}).status, 0);
    QCOMPARE(eventsOf(Headroom::finish(*resumed), "memory").size(), std::size_t(0));
    QCOMPARE(microBatch(machine.headroom, id), 160);
}

void Rescuing::theFourthTimeInFiveMinutesIsReported() {
    REQUIRE_WORKER();
    const Machine machine;
    const auto process = machine.train("f", endless());
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    int expected = 160;
    for (int kill = 1; kill <= 4; ++kill) {
        QVERIFY(!Headroom::awaitEvent(*process, "step").isEmpty());
        machine.strikeAsTheKernel(id, kill);
        if (kill == 4) break;
        expected /= 2;
        const QString text = awaitMemoryEvent(*process, kBroughtBack)["text"].toString();
        QVERIFY2(text.endsWith(QString("with micro-batch %1.").arg(expected)), qPrintable(text));
    }
    const Outcome outcome = Headroom::finish(*process);
    QCOMPARE(outcome.status, 8);
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("lost"));
    QVERIFY2(outcome.error.contains("The kernel ended the worker for want of memory") && outcome.error.contains("headroom resume"),
             outcome.error.constData());
}

void Rescuing::whoOnlyLooksOnSeesItGoOn() {
    REQUIRE_WORKER();
    const Machine machine;
    const auto starter = machine.train("l", endless());
    const QString id = Headroom::awaitEvent(*starter, "run")["id"].toString();
    Headroom::awaitEvent(*starter, "step");
    const auto onlooker = machine.headroom.start({"resume", id, "--json"});
    Headroom::awaitEvent(*onlooker, "step");
    machine.strikeAsTheKernel(id, 1);
    QVERIFY(!awaitMemoryEvent(*starter, kBroughtBack).isEmpty());
    QVERIFY(!awaitMemoryEvent(*onlooker, kBroughtBack).isEmpty());
    QCOMPARE(machine.headroom.run({"stop", id}).status, 0);
    QCOMPARE(Headroom::finish(*starter).status, 0);
    QCOMPARE(Headroom::finish(*onlooker).status, 0);
}

void Rescuing::aStopThatWasAskedForIsNotTurnedIntoAResume() {
    REQUIRE_WORKER();
    const Machine machine;
    const auto process = machine.train("s", endless());
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "step");
    const auto pid = static_cast<pid_t>(machine.headroom.show(id)["pid"].toInteger());
    QVERIFY(pid > 0);
    ::kill(pid, SIGSTOP);  // so that the request is not answered before the worker dies
    QCOMPARE(machine.headroom.run({"stop", id, "--no-wait"}).status, 0);
    machine.system.setOomKills(1);
    ::kill(pid, SIGKILL);
    QCOMPARE(Headroom::finish(*process).status, 8);
}

void Rescuing::theTrainingGivesWayBeforeTheKernelActs() {
    REQUIRE_WORKER();
    const Machine machine;
    const auto process = machine.train("g", endless());
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "step");
    machine.system.setAvailable(300 << 10);
    QCOMPARE(awaitMemoryEvent(*process, "Memory is short")["text"].toString(), QString("Memory is short: 300 MiB of 16.0 GiB are left."));
    const QString change = awaitMemoryEvent(*process, "The machine is short of memory")["text"].toString();
    QVERIFY2(change.contains("micro-batch 160 becomes 80"), qPrintable(change));
    machine.system.setAvailable(8LL << 20);
    QTRY_COMPARE_WITH_TIMEOUT(microBatch(machine.headroom, id), 80, 30'000);
    QCOMPARE(machine.headroom.run({"stop", id}).status, 0);
    QCOMPARE(Headroom::finish(*process).status, 0);
}

void Rescuing::aProcessThatTakesTheMemoryEndsTheWorkerAndNotTheRun() {
    REQUIRE_WORKER();
    constexpr std::int64_t kLimit = 1LL << 30;
    const MemoryGroup group(kLimit);
    if (!group.reason().isEmpty()) QSKIP(qPrintable(group.reason()));
    const Headroom headroom;
    const QString config = headroom.makeConfig("real", {{"epochs", 200}, {"batch_size", 160}});
    const auto process = headroom.start({"train", config, "--json", "--set", "model.arch=cnn"}, group.folder());
    const QString id = Headroom::awaitEvent(*process, "run")["id"].toString();
    Headroom::awaitEvent(*process, "step");  // nearly all of the run is ahead, however busy the machine is
    QVERIFY(group.fillUntilAKill(kLimit));
    const Outcome outcome = Headroom::finish(*process);
    QVERIFY2(outcome.status == 0, outcome.error.constData());
    QCOMPARE(headroom.show(id)["state"].toString(), QString("finished"));
    bool broughtBack = false;
    for (const QJsonObject& event : eventsOf(outcome, "memory")) broughtBack |= event["text"].toString().startsWith(kBroughtBack);
    QVERIFY(broughtBack);
    QVERIFY(microBatch(headroom, id) <= 80);
}

HEADROOM_TEST(Rescuing)
#include "tst_rescue.moc"
