// SPDX-License-Identifier: Apache-2.0
#include <QJsonArray>

#include "app/headroom.h"
#include "support/registry.h"

using headroom::test::at;
using headroom::test::Headroom;
using headroom::test::Outcome;

namespace {

constexpr const char* kFigures[] = {"peak_bytes", "process_peak_bytes", "step_s", "run_s", "energy_wh", "cost"};

/// Refused with this status and code; standard output holds one document that says so.
void compareRefusal(const Outcome& outcome, int status, const char* code) {
    QCOMPARE(outcome.status, status);
    QVERIFY2(outcome.error.startsWith(code), outcome.error.constData());
    QCOMPARE(at(outcome.object(), "error.code").toString(), QString(code));
}

}  // namespace

class Planning : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void thePlanIsOneDocumentWithItsSixFigures();
    void forPeopleItSaysWhatIsWhereAndWhetherItFits();
    void aPlanThatDoesNotFitEndsWithFiveAndSaysWhatWould();
    void whatFitsInNoWayEndsWithFive();
    void theBudgetIsTheConfigurationsUnlessAnotherIsNamed();
    void aGpuNeedNotBeHereToPlanForIt();
    void moneyIsCountedAtTheTariff();
    void measuredStepsGiveTheTimeAndTheFastestMicroBatch();
    void onlyWhatIsHereIsMeasured();
    void nonsenseIsRefused_data();
    void nonsenseIsRefused();
    void aPlanMakesNoRun();
};

void Planning::thePlanIsOneDocumentWithItsSixFigures() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"plan", headroom.makeConfig("p", {{"micro_batch", 16}}), "--json"});
    QVERIFY2(outcome.status == 0, outcome.error.constData());
    const QJsonObject document = outcome.object();
    for (const char* figure : kFigures) QVERIFY2(document[figure].isDouble(), figure);
    QVERIFY(document["peak_bytes"].toInteger() > 0 && document["process_peak_bytes"].toInteger() >= document["peak_bytes"].toInteger());
    qint64 sum = 0;
    for (const QJsonValue bytes : at(document, "plan.by_kind").toObject()) sum += bytes.toInteger();
    QCOMPARE(sum, document["peak_bytes"].toInteger());
    QCOMPARE(at(document, "plan.micro_batch").toInt(), 16);
    QCOMPARE(at(document, "plan.accumulation").toInt(), 2);
    QCOMPARE(at(document, "plan.total_steps").toInt(), 10);
    QCOMPARE(at(document, "plan.fits").toBool(), true);
    QCOMPARE(at(document, "plan.validated").toBool(true), false);
    QVERIFY(at(document, "plan.interval.step_s.0").toDouble() < document["step_s"].toDouble());
    QVERIFY(at(document, "plan.interval.step_s.1").toDouble() > document["step_s"].toDouble());
}

void Planning::forPeopleItSaysWhatIsWhereAndWhetherItFits() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"plan", headroom.makeConfig("p")});
    QCOMPARE(outcome.status, 0);
    for (const char* part : {"peak ", "weights ", "gradients ", "optimizer ", " of ", "fits, ", "32 x 1 = 32", "not validated by a run", "10 steps in ", " Wh at "})
        QVERIFY2(outcome.output.contains(part), outcome.output.constData());
}

void Planning::aPlanThatDoesNotFitEndsWithFiveAndSaysWhatWould() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("p", {{"batch_size", 128}, {"micro_batch", 128}});
    const QStringList command{"plan", file, "--set", "model.arch=cnn"};
    // With room to spare a copy of the best weights is planned, too: this is what the step alone needs.
    const qint64 peak = headroom.run(command + QStringList{"--json", "--budget", "18 MiB"}).object()["process_peak_bytes"].toInteger();
    QVERIFY(peak > 18 * 1024 * 1024);
    const Outcome outcome = headroom.run(command + QStringList{"--json", "--budget", QString::number(peak - 1)});
    compareRefusal(outcome, 5, "MEM-01");
    QCOMPARE(at(outcome.object(), "plan.fits").toBool(true), false);
    QCOMPARE(outcome.object()["process_peak_bytes"].toInteger(), peak);
    const Outcome automatic = headroom.run(command + QStringList{"--json", "--set", "train.micro_batch=0", "--budget", QString::number(peak - 1)});
    QCOMPARE(automatic.status, 0);
    const QByteArray would = "Micro-batches of " + QByteArray::number(at(automatic.object(), "plan.micro_batch").toInt()) + " fit";
    QVERIFY2(outcome.error.contains(would), outcome.error.constData());
    const Outcome readable = headroom.run(command + QStringList{"--budget", QString::number(peak - 1)});
    QCOMPARE(readable.status, 5);
    QVERIFY(readable.output.contains("does not fit"));
}

void Planning::whatFitsInNoWayEndsWithFive() {
    REQUIRE_WORKER();
    const Headroom headroom;
    compareRefusal(headroom.run({"plan", headroom.makeConfig("p"), "--json", "--budget", "64 KiB"}), 5, "MEM-02");
}

void Planning::theBudgetIsTheConfigurationsUnlessAnotherIsNamed() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QStringList command{"plan", headroom.makeConfig("p"), "--json", "--set", "memory.budget=100 MiB"};
    QCOMPARE(at(headroom.run(command).object(), "plan.budget").toInteger(), 100 * 1024 * 1024);
    QCOMPARE(at(headroom.run(command + QStringList{"--budget", "8GiB"}).object(), "plan.budget").toInteger(), 8LL << 30);
}

void Planning::aGpuNeedNotBeHereToPlanForIt() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("p", {{"batch_size", 128}});
    const QJsonObject here = headroom.run({"plan", file, "--json"}).object();
    const QJsonObject there = headroom.run({"plan", file, "--json", "--device", "rtx4090"}).object();
    QCOMPARE(at(there, "plan.device.name").toString(), QString("RTX 4090"));
    QVERIFY(at(there, "plan.budget").toInteger() > 20LL << 30);
    QVERIFY(there["process_peak_bytes"].toInteger() > there["peak_bytes"].toInteger() + (100 << 20));  // the context
    QVERIFY(at(there, "plan.watts").toDouble() == 450);
    QCOMPARE(at(here, "plan.device.kind").toString(), QString("cpu"));
    const Outcome old = headroom.run({"plan", file, "--device", "GTX 1080 Ti"});
    QCOMPARE(old.status, 0);
    QVERIFY2(old.error.contains("CUDA 13 begins at compute capability 7.5"), old.error.constData());
}

void Planning::moneyIsCountedAtTheTariff() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QJsonObject document = headroom.run({"plan", headroom.makeConfig("p"), "--json", "--set", "cost.tariff=0.5", "--set",
                                               "cost.price_per_hour=3.6"}).object();
    const double wanted = 0.5 * document["energy_wh"].toDouble() / 1000 + 3.6 * document["run_s"].toDouble() / 3600;
    QVERIFY(wanted > 0);
    QVERIFY(qFuzzyCompare(document["cost"].toDouble(), wanted));
}

void Planning::measuredStepsGiveTheTimeAndTheFastestMicroBatch() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("p", {{"micro_batch", 16}});
    const Outcome outcome = headroom.run({"plan", file, "--measure", "--json"});
    QVERIFY2(outcome.status == 0, outcome.error.constData());
    const QJsonObject document = outcome.object();
    const QJsonArray sizes = at(document, "measured.sizes").toArray();
    QList<int> found;
    for (const QJsonValue each : sizes) {
        found.append(each["micro_batch"].toInt());
        QVERIFY(each["step_s"][0].toDouble() > 0 && each["step_s"][0].toDouble() <= each["step_s"][1].toDouble());
        QVERIFY(each["samples_per_s"].toDouble() > 0 && each["peak_bytes"].toInteger() > 0);
    }
    QCOMPARE(found, (QList<int>{32, 16, 8, 4, 2}));
    QVERIFY(found.contains(at(document, "measured.fastest").toInt()));
    QCOMPARE(at(document, "plan.validated").toBool(), true);
    QCOMPARE(document["step_s"].toDouble(), sizes[1]["step_s"][1].toDouble());
    const QByteArray readable = headroom.run({"plan", file, "--measure"}).output;
    QVERIFY2(readable.contains("micro-batches of 8: ") && readable.contains("as measured here"), readable.constData());
}

void Planning::onlyWhatIsHereIsMeasured() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"plan", headroom.makeConfig("p"), "--measure", "--device", "RTX 4090"});
    QCOMPARE(outcome.status, 2);
    QVERIFY2(outcome.error.startsWith("CLI-01 --measure"), outcome.error.constData());
}

void Planning::nonsenseIsRefused_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("unknown device") << QStringList{"--device", "RTX 409O"} << 4 << QByteArray("DEV-03");
    QTest::newRow("a device that is not here") << QStringList{"--device", "cuda:99"} << 3 << QByteArray("CFG-14");
    QTest::newRow("a budget that is no size") << QStringList{"--budget", "much"} << 3 << QByteArray("CFG-04");
    QTest::newRow("a negative budget") << QStringList{"--budget=-1"} << 3 << QByteArray("CFG-04");
    QTest::newRow("a precision that the device lacks") << QStringList{"--device", "T4", "--set", "train.precision=bf16"} << 3 << QByteArray("CFG-11");
    QTest::newRow("no data") << QStringList{"--set", "data.path=nowhere"} << 3 << QByteArray("DAT-04");
    QTest::newRow("another model's data") << QStringList{"--set", "model.arch=gpt_mini"} << 3 << QByteArray("DAT-05");
    QTest::newRow("an indivisible batch") << QStringList{"--set", "train.micro_batch=7"} << 3 << QByteArray("CFG-10");
    QTest::newRow("a micro-batch above the batch") << QStringList{"--set", "train.micro_batch=64"} << 3 << QByteArray("CFG-10");
}

void Planning::nonsenseIsRefused() {
    REQUIRE_WORKER();
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QByteArray, code);
    const Headroom headroom;
    compareRefusal(headroom.run(QStringList{"plan", headroom.makeConfig("p"), "--json"} + arguments), status, code.constData());
}

void Planning::aPlanMakesNoRun() {
    REQUIRE_WORKER();
    const Headroom headroom;
    headroom.run({"plan", headroom.makeConfig("p"), "--measure"});
    QCOMPARE(headroom.run({"runs", "--json", "--all"}).output, QByteArray("[]\n"));
}

HEADROOM_TEST(Planning)
#include "tst_plan.moc"
