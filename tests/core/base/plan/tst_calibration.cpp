// SPDX-License-Identifier: Apache-2.0
#include "base/plan/calibration.h"

#include "base/errors/error.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

const CalibrationKey kCnn{"a card", "fp32", "cnn"};

}  // namespace

class Calibrations : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theMedianOfTheLatestRunsCounts() {
        Calibration calibration;
        for (const double ratio : {2.0, 2.1, 50.0, 2.2, 1.9}) calibration.add(kCnn, {.stepRatio = ratio});
        const auto found = calibration.of(kCnn);
        QVERIFY(found);
        QCOMPARE(found->stepRatio->median, 2.1);  // the disturbed run changes little
        QCOMPARE(found->stepRatio->least, 1.9);
        QCOMPARE(found->stepRatio->most, 50.0);
    }

    void runsOfLongAgoAreForgotten() {
        Calibration calibration;
        for (int i = 0; i < 5; ++i) calibration.add(kCnn, {.stepRatio = 9.0});
        for (std::size_t i = 0; i < Calibration::kKept; ++i) calibration.add(kCnn, {.stepRatio = 2.0});
        QCOMPARE(calibration.of(kCnn)->stepRatio->most, 2.0);
    }

    void timesCountOfRunsThatHadTheMachineToThemselves() {
        Calibration calibration;
        for (int i = 0; i < 3; ++i) calibration.add(kCnn, {.stepRatio = 200.0, .others = 0.5});
        QCOMPARE(calibration.of(kCnn)->stepRatio->median, 200.0);  // better than nothing
        QVERIFY(calibration.of(kCnn)->stepRatio->disturbed);
        calibration.add(kCnn, {.stepRatio = 2.0, .others = 0.05});
        QCOMPARE(calibration.of(kCnn)->stepRatio->median, 2.0);
        QCOMPARE(calibration.of(kCnn)->stepRatio->most, 2.0);
        QVERIFY(!calibration.of(kCnn)->stepRatio->disturbed);
    }

    void aRunCountsForItsArchitectureAndForItsDeviceInGeneral() {
        Calibration calibration;
        calibration.add(kCnn, {.stepRatio = 2.0});
        QVERIFY(calibration.inGeneral({kCnn.device, kCnn.precision, "mlp"}));
        QVERIFY(!calibration.of({kCnn.device, kCnn.precision, "mlp"}));
        QVERIFY(!calibration.inGeneral({kCnn.device, "bf16", "cnn"}));
        QVERIFY(!calibration.inGeneral({"another card", "fp32", "cnn"}));
    }

    void whatARunCouldNotReadIsMissing() {
        Calibration calibration;
        calibration.add(kCnn, {.processExtra = -3 * kMiB});
        const auto found = calibration.of(kCnn);
        QVERIFY(!found->stepRatio && !found->watts);
        QCOMPARE(*found->processExtra, -3.0 * kMiB);
    }

    void nonsenseIsNotAdded() {
        Calibration calibration;
        calibration.add(kCnn, {.stepRatio = 0.0, .watts = -1.0});
        calibration.add(kCnn, {.stepRatio = std::numeric_limits<double>::quiet_NaN()});
        QVERIFY(!calibration.of(kCnn)->stepRatio && !calibration.of(kCnn)->watts);
    }

    void theFileGivesTheSameAgain() {
        const test::TemporaryFolder folder;
        const auto file = folder.path() / "calibration.json";
        refineCalibration(file, kCnn, {.stepRatio = 1.5, .processExtra = 7, .watts = 33.0});
        refineCalibration(file, kCnn, {.stepRatio = 1.7});
        const auto found = Calibration::read(file).of(kCnn);
        QCOMPARE(found->stepRatio->median, 1.6);
        QCOMPARE(*found->watts, 33.0);
        QCOMPARE(*found->processExtra, 7.0);
    }

    void aFileThatIsMissingOrBrokenIsNoCalibration_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("empty") << QByteArray("");
        QTest::newRow("cut off") << QByteArray("{\"version\":1,\"entr");
        QTest::newRow("not an object") << QByteArray("[1]");
        QTest::newRow("another version") << QByteArray("{\"version\":2,\"runs\":{\"a card | fp32 | cnn\":[{\"step_ratio\":2}]}}");
        QTest::newRow("runs of another type") << QByteArray("{\"version\":1,\"runs\":[1]}");
        QTest::newRow("a run of another type") << QByteArray("{\"version\":1,\"runs\":{\"a card | fp32 | cnn\":[7]}}");
        QTest::newRow("text for a number") << QByteArray("{\"version\":\"1\",\"runs\":{}}");
    }
    void aFileThatIsMissingOrBrokenIsNoCalibration() {
        QFETCH(QByteArray, content);
        const test::TemporaryFolder folder;
        QVERIFY(!Calibration::read(folder.path() / "missing.json").of(kCnn));
        const auto file = folder.write("calibration.json", content.toStdString());
        QVERIFY(!Calibration::read(file).of(kCnn));
        refineCalibration(file, kCnn, {.stepRatio = 2.0});  // and the next run makes it whole
        QVERIFY(Calibration::read(file).of(kCnn));
    }

    void numbersThatMakeNoSenseInTheFileAreLeftOut() {
        const test::TemporaryFolder folder;
        const auto file = folder.write("calibration.json", R"({"version":1,"runs":{"a card | fp32 | cnn": [
            {"step_ratio":-1,"watts":{},"process_extra":1e300,"others":-3}, {"step_ratio":"x"}, null, {"step_ratio":2.5}]}})");
        const auto found = Calibration::read(file).of(kCnn);
        QVERIFY(found);
        QCOMPARE(found->stepRatio->median, 2.5);
        QVERIFY(!found->watts && !found->processExtra);
    }

    void aFolderThatCannotBeWrittenIsRefused() {
        try {
            refineCalibration("/proc/nowhere/calibration.json", kCnn, {.stepRatio = 2.0});
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Dsk02);
        }
    }
};

HEADROOM_TEST(Calibrations)
#include "tst_calibration.moc"
