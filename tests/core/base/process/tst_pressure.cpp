// SPDX-License-Identifier: Apache-2.0
#include "base/process/pressure.h"

#include "support/fake_system.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::process;

namespace {

/// A watch that is fed once a second.
class Fed {
public:
    bool isDue() { return m_watch.isDue(readMemory(system.root()), m_seconds += 1); }
    int timesDue(int readings) {
        int due = 0;
        for (int i = 0; i < readings; ++i) due += isDue();
        return due;
    }
    bool isShort() const { return m_watch.isShort(); }

    const test::FakeSystem system{};

private:
    PressureWatch m_watch;
    double m_seconds = 0;
};

constexpr long long kTwentiethKb = (16LL << 20) / 20;

}  // namespace

class PressureTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theKernelsLinesAreRead() {
        const test::FakeSystem system;
        system.setPressure(12.5, 3.25);
        const MemoryReading reading = readMemory(system.root());
        QCOMPARE(reading.some->lastTenSeconds, 0.6);
        QCOMPARE(reading.some->seconds, 99.0);
        QCOMPARE(reading.full->lastTenSeconds, 0.125);
        QCOMPARE(reading.full->seconds, 3.25);
        QCOMPARE(reading.available, 8 * kGiB);
        QCOMPARE(reading.total, 16 * kGiB);
    }

    void plentyOfMemoryIsNotShort() {
        Fed fed;
        QCOMPARE(fed.timesDue(20), 0);
        QVERIFY(!fed.isShort());
    }

    void lessThanATwentiethIsShort() {
        Fed fed;
        fed.system.setAvailable(kTwentiethKb + 1);
        QVERIFY(!fed.isDue());
        fed.system.setAvailable(kTwentiethKb - 1);
        QVERIFY(fed.isDue());
        QVERIFY(fed.isShort());
    }

    void ofMuchMemoryTwoGibibytesAreEnough() {
        PressureWatch watch;
        QVERIFY(!watch.isDue({{}, {}, 2 * kGiB, 512 * kGiB}, 1));
        QVERIFY(watch.isDue({{}, {}, 2 * kGiB - 1, 512 * kGiB}, 2));
    }

    void whileItStaysShortItIsSaidAgainEveryFewSeconds() {
        Fed fed;
        fed.system.setAvailable(kTwentiethKb / 2);
        QVERIFY(fed.isDue());
        QCOMPARE(fed.timesDue(4), 0);
        QVERIFY(fed.isDue());
        QCOMPARE(fed.timesDue(10), 2);
    }

    void betweenTheLinesNothingChanges() {
        Fed fed;
        fed.system.setAvailable(kTwentiethKb * 3 / 2);
        QVERIFY(!fed.isDue() && !fed.isShort());
        fed.system.setAvailable(kTwentiethKb - 1);
        QVERIFY(fed.isDue());
        fed.system.setAvailable(kTwentiethKb * 3 / 2);
        fed.isDue();
        QVERIFY(fed.isShort());
        fed.system.setAvailable(kTwentiethKb * 2 + 2);
        fed.isDue();
        QVERIFY(!fed.isShort());
        fed.system.setAvailable(kTwentiethKb - 1);
        QVERIFY(fed.isDue());
    }

    void programsThatAllWaitForMemoryAreShortOfIt() {
        Fed fed;
        fed.system.setPressure(9.9, 0);
        QVERIFY(!fed.isDue());
        fed.system.setPressure(10.1, 0);
        QVERIFY(fed.isDue());
        fed.system.setPressure(6, 0);
        fed.isDue();
        QVERIFY(fed.isShort());
        fed.system.setPressure(4.9, 0);
        fed.isDue();
        QVERIFY(!fed.isShort());
    }

    void aSuddenStallCountsBeforeTheMeanOfTenSecondsShowsIt() {
        Fed fed;
        fed.system.setPressure(1, 10);
        QVERIFY(!fed.isDue());
        fed.system.setPressure(3, 10.2);
        QVERIFY(!fed.isDue());
        fed.system.setPressure(4, 10.5);
        QVERIFY(fed.isDue());
    }

    void whereTheKernelSaysNothingOfPressureTheMemoryThatIsLeftDecides() {
        Fed fed;
        std::filesystem::remove(fed.system.root().proc / "pressure/memory");
        QVERIFY(!readMemory(fed.system.root()).full);
        QVERIFY(!fed.isDue());
        fed.system.setAvailable(kTwentiethKb - 1);
        QVERIFY(fed.isDue());
    }

    void theLimitOfACgroupCountsAsTheMemoryThereIs() {
        Fed fed;
        fed.system.put("proc/self/cgroup", "0::/job\n");
        fed.system.put("cgroup/job/memory.max", std::to_string(2 * kGiB));
        fed.system.put("cgroup/job/memory.current", std::to_string(kGiB));
        fed.system.put("cgroup/job/memory.events", "oom_kill 0\n");
        QVERIFY(!fed.isDue());
        fed.system.put("cgroup/job/memory.current", std::to_string(2 * kGiB - 50 * kMiB));
        QVERIFY(fed.isDue());
    }

    void theSentenceNamesWhatIsLeft() {
        MemoryReading reading{{}, MemoryReading::Stall{0.12, 3}, 312 * kMiB, 16 * kGiB};
        QCOMPARE(shortageText(reading), std::string("Memory is short: 312 MiB of 16.0 GiB are left, for 12 % of the last ten seconds "
                                                    "all programs waited for memory."));
        reading.full.reset();
        QCOMPARE(shortageText(reading), std::string("Memory is short: 312 MiB of 16.0 GiB are left."));
    }
};

HEADROOM_TEST(PressureTest)
#include "tst_pressure.moc"
