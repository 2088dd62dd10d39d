// SPDX-License-Identifier: Apache-2.0
#include "base/plan/device_model.h"

#include <set>

#include "base/errors/error.h"
#include "base/plan/cpu_model.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

constexpr const char* kXeon =
    "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Processor @ 2.50GHz\ncpu MHz\t\t: 1200.0\nsiblings\t: 8\n"
    "cpu cores\t: 4\nflags\t\t: fpu sse2 fma avx2 avx512f\n\nprocessor\t: 1\n";

/// The sentence of the refusal, or nothing.
QString refusal(const char* name) {
    try {
        deviceModel(name);
        return {};
    } catch (const Error& error) {
        return error.code() == Code::Dev03 ? QString::fromStdString(error.what()) : QString("another code");
    }
}

}  // namespace

class DeviceModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyDeviceOfTheTableIsWholeAndFoundByItsName() {
        std::set<std::string> names;
        for (const DeviceModel& model : deviceModels()) {
            QVERIFY2(names.insert(model.name).second, model.name.c_str());
            QCOMPARE(&deviceModel(model.name), &model);
            QVERIFY(model.hasRates() && model.memory > 4 * kGiB && model.watts > 0 && model.nodeSeconds > 0 && model.context > 0);
            // bf16 and TF32 came with compute capability 8.0.
            QCOMPARE(model.bf16 > 0, model.capability >= 80);
            QCOMPARE(model.tf32 > 0, model.capability >= 80);
        }
    }

    void aDeviceIsFoundHoweverItsNameIsWritten_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("device");
        QTest::newRow("small letters") << "rtx 4090" << "RTX 4090";
        QTest::newRow("without spaces") << "RTX4090" << "RTX 4090";
        QTest::newRow("with the maker") << "NVIDIA GeForce RTX 4090" << "RTX 4090";
        QTest::newRow("without what nobody else has") << "RTX 3060" << "RTX 3060 12GB";
        QTest::newRow("with hyphens") << "a100-sxm-80gb" << "A100 SXM 80GB";
        QTest::newRow("as the driver names it") << "NVIDIA A100-SXM4-80GB" << "A100 SXM 80GB";
    }
    void aDeviceIsFoundHoweverItsNameIsWritten() {
        QFETCH(QString, name);
        QFETCH(QString, device);
        QCOMPARE(QString::fromStdString(deviceModel(name.toStdString()).name), device);
    }

    void anUnknownDeviceIsRefusedWithTheNamesThatComeNear_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("remedy");
        QTest::newRow("a typing error") << "RTY 4090" << "Did you mean RTX 4090?";
        QTest::newRow("the number alone") << "5080" << "Did you mean RTX 5080?";
        QTest::newRow("several") << "H100" << "Did you mean H100 PCIe or H100 SXM?";
        QTest::newRow("nothing near") << "toaster" << "Known: GTX 1080 Ti, RTX 3060 12GB, ";
        QTest::newRow("nothing") << "" << "Known: GTX 1080 Ti, ";
        QTest::newRow("half a word") << "RTX 50" << "Did you mean RTX 5070, RTX 5080 or RTX 5090?";
    }
    void anUnknownDeviceIsRefusedWithTheNamesThatComeNear() {
        QFETCH(QString, name);
        QFETCH(QString, remedy);
        const QString sentence = refusal(name.toUtf8().constData());
        QVERIFY2(sentence.contains(remedy), qPrintable(sentence));
    }

    void aGpuOfThisMachineHasTheMemoryThatItsDriverSays() {
        const DeviceModel large = modelOfGpu("NVIDIA GeForce RTX 4060 Ti", 16380 * kMiB);
        QCOMPARE(QString::fromStdString(large.name), QString("RTX 4060 Ti 16GB"));
        const DeviceModel small = modelOfGpu("NVIDIA GeForce RTX 4060 Ti", 8000 * kMiB);
        QCOMPARE(QString::fromStdString(small.name), QString("RTX 4060 Ti 8GB"));
        QCOMPARE(small.memory, 8000 * kMiB);
    }

    void aGpuThatTheTableLacksHasNoRates() {
        const DeviceModel model = modelOfGpu("NVIDIA Unheard Of", 10 * kGiB);
        QVERIFY(!model.hasRates());
        QCOMPARE(model.kind, graph::DeviceKind::Cuda);
        QCOMPARE(model.memory, 10 * kGiB);
    }

    void aProcessorsRateIsCoresTimesNominalFrequencyTimesFlopsACycle() {
        const DeviceModel cpu = cpuModel(kXeon, 8, 16 * kGiB);
        QCOMPARE(cpu.fp32, 4 * 2.5e9 * 64);  // two threads on a core count once
        QCOMPARE(cpu.bf16, cpu.fp32);        // computed in fp32
        QCOMPARE(QString::fromStdString(cpu.name), QString("Intel(R) Xeon(R) Processor @ 2.50GHz, 8 threads"));
        QVERIFY(cpu.bandwidthIsEstimate && cpu.wattsIsEstimate);
        QVERIFY(!cpuModel(kXeon, 8, 16 * kGiB, 150).wattsIsEstimate);
    }

    void theWidestInstructionsCount_data() {
        QTest::addColumn<QByteArray>("flags");
        QTest::addColumn<double>("fp32");
        QTest::addColumn<double>("bf16");
        QTest::newRow("SSE2") << QByteArray("flags : fpu sse2") << 8.0 << 8.0;
        QTest::newRow("AVX2") << QByteArray("flags : sse2 fma avx2") << 32.0 << 32.0;
        QTest::newRow("AVX-512 with bf16") << QByteArray("flags : fma avx512f avx512_bf16") << 64.0 << 128.0;
        QTest::newRow("AMX") << QByteArray("flags : fma avx512f avx512_bf16 amx_bf16 amx_tile") << 64.0 << 1024.0;
        QTest::newRow("NEON") << QByteArray("Features : fp asimd") << 16.0 << 16.0;
    }
    void theWidestInstructionsCount() {
        QFETCH(QByteArray, flags);
        QFETCH(double, fp32);
        QFETCH(double, bf16);
        const DeviceModel cpu = cpuModel(("cpu MHz : 1000\n" + flags).toStdString(), 1, kGiB);
        QCOMPARE(cpu.fp32, fp32 * 1e9);
        QCOMPARE(cpu.bf16, bf16 * 1e9);
    }

    void whatTheSystemSaysOfPowerIsTaken() {
        const test::TemporaryFolder folder;
        folder.write("proc/cpuinfo", kXeon);
        folder.write("proc/meminfo", "MemTotal:       1024 kB\n");
        folder.write("powercap/intel-rapl:0/constraint_0_power_limit_uw", "125000000\n");
        folder.write("powercap/intel-rapl:0:0/constraint_0_power_limit_uw", "90000000\n");  // a part of the package
        const DeviceModel cpu = thisCpu({folder.path() / "proc", folder.path() / "powercap"});
        QCOMPARE(cpu.watts, 125.0);
        QCOMPARE(cpu.memory, kMiB);
    }

    void thisMachineHasAProcessor() { QVERIFY(thisCpu().hasRates() && thisCpu().memory > 0); }
};

HEADROOM_TEST(DeviceModels)
#include "tst_device_model.moc"
