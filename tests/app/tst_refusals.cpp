// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <QElapsedTimer>
#include <QFile>

#include "app/headroom.h"
#include "support/registry.h"

using headroom::test::at;
using headroom::test::Headroom;
using headroom::test::Outcome;

namespace {

/// Refused with this code and exit status 3, in time, and nothing stays behind.
void compareRefusal(const Headroom& headroom, const QStringList& arguments, const char* code) {
    QElapsedTimer timer;
    timer.start();
    const Outcome outcome = headroom.run(QStringList{"train", "--json", "--no-input"} + arguments);
    const qint64 took = timer.elapsed();
    QVERIFY2(outcome.error.startsWith(code) || outcome.error.contains(QByteArray("\n") + code), outcome.error.constData());
    QCOMPARE(outcome.status, 3);
    const QJsonObject last = outcome.lines().last();
    QCOMPARE(at(last, "error.code").toString(), QString(code));
    QCOMPARE(headroom.run({"runs", "--json", "--all"}).output, QByteArray("[]\n"));
    qInfo("refused after %lld ms", took);
}

}  // namespace

class Refusals : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void allFaultsOfAConfigurationAreTold();
    void aConfigurationIsRefused_data();
    void aConfigurationIsRefused();
    void anUnusualValueIsConfirmedWithYes();
    void aLauncherOfManyProcessesIsRefused();
    void aDeviceThatIsNotHereIsRefused();
    void missingDataIsRefusedBeforeARunIsMade();
    void aPipeAsDataIsRefused();
    void faultyDataIsRefusedAndLeavesNoRun();
    void aFolderOfNoKnownFormatIsRefused();
    void anUnsuitableModelIsRefused();
    void aLockedQueueIsBusyAndLeavesNoRun();
};

void Refusals::allFaultsOfAConfigurationAreTold() {
    const Headroom headroom;
    const QString file = headroom.makeConfig("c", {{"batch_size", "64"}, {"epoch", 1}, {"precision", "fp7"}});
    const Outcome outcome = headroom.run({"train", file, "--set", "train.seed=x"});
    QCOMPARE(outcome.status, 3);
    QCOMPARE(outcome.error.count('\n'), 4);
    for (const char* part : {"train.batch_size", "Did you mean epochs?", "fp32 or bf16", "--set train.seed"})
        QVERIFY2(outcome.error.contains(part), outcome.error.constData());
    QVERIFY(outcome.output.isEmpty());
}

void Refusals::aConfigurationIsRefused_data() {
    QTest::addColumn<QStringList>("overrides");
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("batch 0") << QStringList{"train.batch_size=0"} << QByteArray("CFG-04");
    QTest::newRow("lr nan") << QStringList{"train.optimizer.lr=nan"} << QByteArray("CFG-05");
    QTest::newRow("unknown") << QStringList{"train.batchsize=1"} << QByteArray("CFG-07");
    QTest::newRow("micro-batch") << QStringList{"train.micro_batch=7"} << QByteArray("CFG-10");
    QTest::newRow("threads") << QStringList{"loader.threads=1000000"} << QByteArray("CFG-15");
    QTest::newRow("unusual") << QStringList{"train.optimizer.lr=1e9"} << QByteArray("CFG-16");
}

void Refusals::aConfigurationIsRefused() {
    QFETCH(QStringList, overrides);
    QFETCH(QByteArray, code);
    const Headroom headroom;
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", overrides.join(' ')}, code.constData());
}

void Refusals::anUnusualValueIsConfirmedWithYes() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("c", {{"max_steps", 1}}), "--set", "train.optimizer.lr=1e9", "--yes", "--detach"});
    QCOMPARE(outcome.status, 0);
}

void Refusals::aLauncherOfManyProcessesIsRefused() {
    Headroom headroom;
    headroom.setEnvironment("WORLD_SIZE", "10000");
    compareRefusal(headroom, {headroom.makeConfig("c")}, "CFG-13");
}

void Refusals::aDeviceThatIsNotHereIsRefused() {
    const Headroom headroom;
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", "device=cuda:99"}, "CFG-14");
}

void Refusals::missingDataIsRefusedBeforeARunIsMade() {
    const Headroom headroom;
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", "data.path=nowhere"}, "DAT-04");
}

void Refusals::aPipeAsDataIsRefused() {
    const Headroom headroom;
    QCOMPARE(mkfifo((headroom.folder() / "pipe.csv").c_str(), 0600), 0);
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", "data.path=pipe.csv"}, "DAT-04");
}

void Refusals::faultyDataIsRefusedAndLeavesNoRun() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QFile labels(QString::fromStdString((headroom.folder() / "pictures/train-labels-idx1-ubyte").string()));
    QVERIFY(labels.open(QIODevice::ReadWrite));
    QVERIFY(labels.resize(100));
    compareRefusal(headroom, {headroom.makeConfig("c")}, "IDX-08");
}

void Refusals::aFolderOfNoKnownFormatIsRefused() {
    REQUIRE_WORKER();
    const Headroom headroom;
    std::filesystem::create_directory(headroom.folder() / "empty");
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", "data.path=empty"}, "DAT-04");
}

void Refusals::anUnsuitableModelIsRefused() {
    REQUIRE_WORKER();
    const Headroom headroom;
    compareRefusal(headroom, {headroom.makeConfig("c"), "--set", "model.arch=gpt_mini"}, "DAT-05");
}

void Refusals::aLockedQueueIsBusyAndLeavesNoRun() {
    const QString python = qEnvironmentVariable("HEADROOM_PYTHON");
    if (python.isEmpty() || python.endsWith("NOTFOUND")) QSKIP("no Python to hold the lock with");
    const Headroom headroom;
    QCOMPARE(headroom.run({"runs"}).status, 0);
    QProcess holder;
    holder.start(python, {"-c", "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],isolation_level=None)\nc.execute('BEGIN EXCLUSIVE')\nprint('held',flush=True)\nsys.stdin.read()",
                          QString::fromStdString((headroom.home() / "queue.sqlite").string())});
    QVERIFY(holder.waitForReadyRead(30'000));
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("c")});
    holder.closeWriteChannel();
    holder.waitForFinished();
    QCOMPARE(outcome.status, 75);
    QVERIFY2(outcome.error.startsWith("STO-03"), outcome.error.constData());
    QCOMPARE(headroom.run({"runs", "--json", "--all"}).output, QByteArray("[]\n"));
}

HEADROOM_TEST(Refusals)
#include "tst_refusals.moc"
