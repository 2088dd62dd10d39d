// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/sampler.h"

#include <unistd.h>

#include <fstream>

#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::telemetry;

namespace {

void put(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

/// A machine of files: 4 GiB, of which 3 are there, one process with number 42.
struct FakeMachine {
    FakeMachine() {
        put(proc() / "meminfo", "MemTotal:  4194304 kB\nMemFree: 1 kB\nMemAvailable:  3145728 kB\n");
        put(proc() / "42/status", "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n");
        ticks(100, 900, 10);
    }
    void ticks(int busy, int idle, int ours) const {
        put(proc() / "stat",
            "cpu  " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + " 0 0 0 0 0 0\ncpu0 1 2 3 4\n");
        put(proc() / "42/stat",
            "42 (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 " + std::to_string(ours) + " 0 0 0 20 0 1 0 77 0 0\n");
    }
    void energy(const std::string& package, const std::string& microjoules) const {
        put(powercap() / package / "energy_uj", microjoules);
        put(powercap() / package / "max_energy_range_uj", "1000000\n");
    }
    std::filesystem::path proc() const { return folder.path() / "proc"; }
    std::filesystem::path powercap() const { return folder.path() / "powercap"; }
    Sources sources(const std::string& nvml = {}) const { return {proc(), powercap(), nvml}; }

    test::TemporaryFolder folder;
};

}  // namespace

class SamplerTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theShareOfCpuIsSinceTheReadingBefore() {
        const FakeMachine machine;
        Sampler sampler(machine.sources());
        const Reading first = sampler.read({42});
        QVERIFY(!first.cpu && !first.cpu.reason.empty());
        machine.ticks(175, 925, 30);
        const Reading second = sampler.read({42});
        QCOMPARE(*second.cpu.value, 0.75);
        QCOMPARE(*second.cpuOurs.value, 0.2);
    }

    void memoryComesFromTheKernel() {
        const FakeMachine machine;
        const Reading reading = Sampler(machine.sources()).read({42});
        QCOMPARE(*reading.memoryTotal.value, 4 * kGiB);
        QCOMPARE(*reading.memoryAvailable.value, 3 * kGiB);
        QCOMPARE(*reading.processResident.value, kMiB);
        QCOMPARE(*reading.processPeak.value, 2 * kMiB);
    }

    void whatCannotBeReadHasAReasonAndNoValue() {
        const test::TemporaryFolder empty;
        Sampler sampler(Sources{empty.path(), empty.path(), "libdoes-not-exist.so.1"});
        sampler.read({42});
        const Reading reading = sampler.read({42});
        QVERIFY(!reading.cpu && !reading.cpu.reason.empty());
        QVERIFY(!reading.memoryTotal && !reading.memoryTotal.reason.empty());
        QVERIFY(!reading.processResident && !reading.processResident.reason.empty());
        QVERIFY(!reading.cpuJoules &&
                QString::fromStdString(reading.cpuJoules.reason).startsWith("CPU energy not shown"));
        QVERIFY(reading.gpus.empty());
        QCOMPARE(reading.gpuReason, std::string("No NVIDIA driver found (libdoes-not-exist.so.1)."));
    }

    void packagesAddUpAndWrapAround() {
        const FakeMachine machine;
        machine.energy("intel-rapl:0", "900000\n");
        machine.energy("intel-rapl:1", "100\n");
        machine.energy("intel-rapl:0:0", "5\n");  // a part of package 0
        Sampler sampler(machine.sources());
        QCOMPARE(*sampler.read({42}).cpuJoules.value, 0.0);
        machine.energy("intel-rapl:0", "100000\n");  // wrapped: 100000 to the end, 100000 more
        machine.energy("intel-rapl:1", "50100\n");
        machine.energy("intel-rapl:0:0", "999999\n");
        QVERIFY(std::abs(*sampler.read({42}).cpuJoules.value - 0.25) < 1e-9);
    }

    void aCounterForRootOnlyIsNamed() {
        const FakeMachine machine;
        machine.energy("intel-rapl:0", "");  // unreadable
        const Reading reading = Sampler(machine.sources()).read({42});
        QVERIFY(QString::fromStdString(reading.cpuJoules.reason).contains("CVE-2020-8694"));
    }

    void theDriverTellsOfEachDevice() {
        const FakeMachine machine;
        qputenv("FAKE_NVML_PID", QByteArray::number(::getpid()));
        const Reading reading = Sampler(machine.sources(HEADROOM_FAKE_NVML)).read({::getpid()});
        QCOMPARE(reading.gpus.size(), std::size_t{2});
        const GpuReading& first = reading.gpus[0];
        QCOMPARE(first.name, std::string("Fake H1"));
        QCOMPARE(*first.memoryTotal.value, 16 * kGiB);
        QCOMPARE(*first.memoryUsed.value, 4 * kGiB);
        QCOMPARE(*first.memoryOurs.value, 3 * kGiB);
        QCOMPARE(*first.utilisation.value, 0.75);
        QCOMPARE(*first.power.value, 250.0);
        QCOMPARE(*first.temperature.value, 61.0);
        QCOMPARE(*first.joules.value, 5000.0);
        const GpuReading& second = reading.gpus[1];
        QVERIFY(!second.power && second.power.reason == "The driver says: Not Supported.");
        QVERIFY(!second.joules);
    }

    void processesOfAnotherNamespaceAreNotReadAsZero() {
        const FakeMachine machine;
        qputenv("FAKE_NVML_PID", "2000000000");
        const Reading reading = Sampler(machine.sources(HEADROOM_FAKE_NVML)).read({::getpid()});
        QVERIFY(!reading.gpus[0].memoryOurs && !reading.gpus[0].memoryOurs.reason.empty());
    }

    void aDriverThatDoesNotStartIsAReason() {
        const FakeMachine machine;
        qputenv("FAKE_NVML_BROKEN", "1");
        const Reading reading = Sampler(machine.sources(HEADROOM_FAKE_NVML)).read();
        qunsetenv("FAKE_NVML_BROKEN");
        QVERIFY(reading.gpus.empty());
        QCOMPARE(reading.gpuReason, std::string("The driver says: Driver/library version mismatch."));
    }

    void thisMachineCanBeRead() {
        Sampler sampler;
        const Reading reading = sampler.read();
        QVERIFY(*reading.processResident.value > kMiB);
        QVERIFY(*reading.memoryAvailable.value <= *reading.memoryTotal.value);
        QVERIFY(reading.cpuJoules || !reading.cpuJoules.reason.empty());
        QVERIFY(!reading.gpus.empty() || !reading.gpuReason.empty());
    }
};

HEADROOM_TEST(SamplerTest)
#include "tst_sampler.moc"
