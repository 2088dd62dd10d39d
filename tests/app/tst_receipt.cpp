// SPDX-License-Identifier: Apache-2.0
#include <QFile>

#include "app/headroom.h"
#include "support/registry.h"

using headroom::test::at;
using headroom::test::endless;
using headroom::test::Headroom;
using headroom::test::Outcome;

namespace {

constexpr const char* kFigures[] = {"peak_bytes", "process_peak_bytes", "step_s", "run_s", "energy_wh", "cost"};

/// Enough steps for the calibration to take them.
const QJsonObject kTrain{{"epochs", 4}};

}  // namespace

class Receipts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theRecordHoldsWhatWasPlannedAndWhatWasMeasured();
    void thePlanBeforeARunIsWhatItsRecordPredicts();
    void aRunValidatesTheNextPlan();
    void aHandfulOfStepsDoesNotCalibrate();
    void aResumedRunKeepsItsFirstPrediction();
    void aBrokenCalibrationIsNoneAndIsMadeAgain();
    void aRunThatMadeNoStepHasNoReceipt();
};

void Receipts::theRecordHoldsWhatWasPlannedAndWhatWasMeasured() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("r", kTrain), "--set", "cost.price_per_hour=3.6"}).status, 0);
    const QJsonObject run = headroom.show("r");
    for (const char* side : {"predicted", "measured"}) {
        const QJsonObject figures = at(run, QString("receipt.") + side).toObject();
        QCOMPARE(figures.keys().size(), 6);
        for (const char* figure : kFigures) QVERIFY2(figures.contains(figure), figure);
        for (const char* figure : {"peak_bytes", "process_peak_bytes", "step_s", "run_s", "cost"})
            QVERIFY2(figures[figure].toDouble() > 0, qPrintable(QString("%1 %2").arg(side, figure)));
    }
    QVERIFY(at(run, "receipt.predicted.energy_wh").toDouble() > 0);
    // Without readable counters energy is null, never 0.
    const QJsonValue energy = at(run, "receipt.measured.energy_wh");
    QVERIFY(run["energy_j"].isNull() ? energy.isNull() : energy.toDouble() == run["energy_j"].toDouble() / 3600);
    const double seconds = at(run, "receipt.measured.run_s").toDouble();
    QVERIFY(seconds > 0 && seconds <= run["wall_s"].toDouble());
    QCOMPARE(at(run, "receipt.measured.cost").toDouble(), seconds / 1000);
    QVERIFY(at(run, "receipt.measured.step_s").toDouble() < run["wall_s"].toDouble() / 5);
    const QByteArray shown = headroom.run({"show", "r"}).output;
    QVERIFY2(shown.contains("predicted") && shown.contains("measured") && shown.contains(" %"), shown.constData());
}

void Receipts::thePlanBeforeARunIsWhatItsRecordPredicts() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("r", kTrain);
    const QJsonObject planned = headroom.run({"plan", file, "--json"}).object();
    QCOMPARE(headroom.run({"train", file}).status, 0);
    const QJsonObject predicted = at(headroom.show("r"), "receipt.predicted").toObject();
    for (const char* figure : kFigures) QVERIFY2(planned[figure].toDouble() == predicted[figure].toDouble(), figure);
}

void Receipts::aRunValidatesTheNextPlan() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("r", kTrain);
    QCOMPARE(headroom.run({"train", file}).status, 0);
    const QJsonObject plan = headroom.run({"plan", file, "--json"}).object();
    QVERIFY(at(plan, "plan.validated").toBool());
    const double took = at(headroom.show("r"), "receipt.measured.step_s").toDouble();
    QVERIFY2(qAbs(plan["step_s"].toDouble() - took) < 1e-9, "one run: the plan says what it took");
    QCOMPARE(at(headroom.run({"plan", file, "--json", "--set", "model.arch=cnn"}).object(), "plan.validated").toBool(true), false);
    QCOMPARE(at(headroom.run({"plan", file, "--json", "--device", "T4"}).object(), "plan.validated").toBool(true), false);
}

void Receipts::aHandfulOfStepsDoesNotCalibrate() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("r", {{"max_steps", 2}})}).status, 0);
    QVERIFY(at(headroom.show("r"), "receipt.measured.step_s").toDouble() > 0);
    QVERIFY(!QFile::exists(QString::fromStdString((headroom.home() / "calibration.json").string())));
}

void Receipts::aResumedRunKeepsItsFirstPrediction() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const auto process = headroom.start({"train", headroom.makeConfig("r", endless()), "--json"});
    Headroom::awaitEvent(*process, "checkpoint");  // of step 20: what the first session showed calibrates
    QCOMPARE(headroom.run({"pause", "r"}).status, 0);
    Headroom::finish(*process);
    const QJsonObject first = at(headroom.show("r"), "receipt").toObject();
    QVERIFY(first["measured"].isObject());
    const qint64 reached = headroom.show("r")["step"].toInteger();
    const auto resumed = headroom.start({"resume", "r", "--json"});
    while (resumed->state() == QProcess::Running && Headroom::awaitEvent(*resumed, "step")["step"].toInteger() <= reached) {}
    QCOMPARE(headroom.run({"stop", "r"}).status, 0);
    Headroom::finish(*resumed);
    const QJsonObject second = at(headroom.show("r"), "receipt").toObject();
    QCOMPARE(second["predicted"], first["predicted"]);
    QVERIFY(at(second, "measured.run_s").toDouble() > at(first, "measured.run_s").toDouble());
    QVERIFY(at(second, "measured.peak_bytes").toInteger() >= at(first, "measured.peak_bytes").toInteger());
}

void Receipts::aBrokenCalibrationIsNoneAndIsMadeAgain() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QCOMPARE(headroom.run({"runs"}).status, 0);  // makes the home
    QFile file(QString::fromStdString((headroom.home() / "calibration.json").string()));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"version\":1,\"entries\":{\"");
    file.close();
    const QString config = headroom.makeConfig("r", kTrain);
    QCOMPARE(at(headroom.run({"plan", config, "--json"}).object(), "plan.validated").toBool(true), false);
    QCOMPARE(headroom.run({"train", config}).status, 0);
    QVERIFY(at(headroom.run({"plan", config, "--json"}).object(), "plan.validated").toBool());
}

void Receipts::aRunThatMadeNoStepHasNoReceipt() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("r"), "--set", "memory.budget=64 KiB"});
    QCOMPARE(outcome.status, 5);
    const QJsonObject run = headroom.show("r");
    QVERIFY(at(run, "receipt.predicted").isNull() && at(run, "receipt.measured").isNull());
    QVERIFY(!headroom.run({"show", "r"}).output.contains("predicted"));
}

HEADROOM_TEST(Receipts)
#include "tst_receipt.moc"
