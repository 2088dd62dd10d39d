// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/energy.h"

#include "support/registry.h"

using namespace headroom::telemetry;

namespace {

Reading cpuOnly(double seconds, double joules) {
    Reading reading;
    reading.steadyTime = seconds;
    reading.cpuJoules = Figure<double>::of(joules);
    return reading;
}

Reading gpuPower(double seconds, double watts) {
    Reading reading;
    reading.steadyTime = seconds;
    reading.cpuJoules = Figure<double>::missing("CPU energy not shown.");
    GpuReading gpu;
    gpu.power = Figure<double>::of(watts);
    gpu.joules = Figure<double>::missing("no counter");
    reading.gpus = {gpu};
    return reading;
}

}  // namespace

class EnergyTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void countersAreDifferences() {
        EnergyMeter meter(100);
        meter.add(cpuOnly(0, 7));
        meter.add(cpuOnly(1, 19));
        QCOMPARE(*meter.joules().value, 112.0);
        QVERIFY(meter.leftOut().empty());
    }

    void powerIsIntegratedByTheTrapezoidalRule() {
        EnergyMeter meter(0, {0});
        meter.add(gpuPower(10, 100));
        meter.add(gpuPower(12, 200));
        meter.add(gpuPower(13, 200));
        QCOMPARE(*meter.joules().value, 500.0);
        QCOMPARE(meter.leftOut(), std::string("CPU energy not shown."));
    }

    void devicesThatAreNotUsedDoNotCount() {
        EnergyMeter meter(0, {});
        meter.add(gpuPower(0, 100));
        meter.add(gpuPower(1, 100));
        QVERIFY(!meter.joules());
        QVERIFY(!meter.joules().reason.empty());
    }

    void aGapInTheReadingsAddsNothingAndNeverTakesAway() {
        EnergyMeter meter(0, {0});
        meter.add(gpuPower(0, 100));
        Reading gone = gpuPower(1, 0);
        gone.gpus.clear();
        meter.add(gone);
        meter.add(gpuPower(2, 100));
        QCOMPARE(*meter.joules().value, 0.0);
        meter.add(cpuOnly(3, 50));
        meter.add(cpuOnly(4, 20));  // counter reset
        QCOMPARE(*meter.joules().value, 0.0);
    }
};

HEADROOM_TEST(EnergyTest)
#include "tst_energy.moc"
