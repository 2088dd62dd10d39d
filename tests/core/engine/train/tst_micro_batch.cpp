// SPDX-License-Identifier: Apache-2.0
#include "engine/train/micro_batch.h"
#include "support/registry.h"

using headroom::train::MicroBatch;
using Change = MicroBatch::Change;

namespace {

bool always(std::int64_t) { return true; }

/// Steps until something changes, at most `most`; how many there were.
int stepsUntilChange(MicroBatch& micro, double seconds, Change& change, int most = 1000) {
    for (int step = 1; step <= most; ++step)
        if ((change = micro.stepped(seconds, always)) != Change::None) return step;
    return most;
}

}  // namespace

class MicroBatchTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void shrinkingDoublesThePartsDownToSingleSamples() {
        MicroBatch micro(10, 10, 10);
        std::vector<std::int64_t> sizes;
        while (micro.shrink()) sizes.push_back(micro.size());
        QCOMPARE(sizes, (std::vector<std::int64_t>{5, 3, 2, 1}));
    }
    void withoutTroubleNothingChanges() {
        MicroBatch micro(64, 32, 32);
        for (int i = 0; i < 500; ++i) QVERIFY(micro.stepped(1, always) == Change::None);
        QCOMPARE(micro.size(), 32);
    }
    void afterFiftyCleanStepsTheNextLargerSizeIsTriedAndKeptWhereFaster() {
        MicroBatch micro(64, 32, 32);
        micro.shrink();
        Change change = Change::None;
        QCOMPARE(stepsUntilChange(micro, 2.0, change), int(MicroBatch::kPatience));
        QVERIFY(change == Change::Trial);
        QCOMPARE(micro.size(), 32);
        for (int i = 0; i < 500; ++i) QVERIFY(micro.stepped(1.0, always) == Change::None);
        QCOMPARE(micro.size(), 32);
    }
    void aTrialThatIsSlowerEndsTheTrying() {
        MicroBatch micro(64, 32, 32);
        micro.shrink();
        Change change = Change::None;
        stepsUntilChange(micro, 1.0, change);
        QCOMPARE(stepsUntilChange(micro, 2.0, change), int(MicroBatch::kTimed) + 1);
        QVERIFY(change == Change::BackFromTrial);
        QCOMPARE(micro.size(), 16);
        for (int i = 0; i < 500; ++i) QVERIFY(micro.stepped(1.0, always) == Change::None);
    }
    void aTrialThatRunsOutOfMemoryIsRepeatedHalfAsOften() {
        MicroBatch micro(64, 32, 32);
        micro.shrink();
        Change change = Change::None;
        stepsUntilChange(micro, 1.0, change);
        QVERIFY(micro.shrink());
        QCOMPARE(micro.size(), 16);
        QCOMPARE(stepsUntilChange(micro, 1.0, change), int(2 * MicroBatch::kPatience));
    }
    void aSizeThatThePlanForbidsIsNotTried() {
        MicroBatch micro(64, 32, 32);
        micro.shrink();
        for (int i = 0; i < 500; ++i) QVERIFY(micro.stepped(1, [](std::int64_t size) { return size < 32; }) == Change::None);
        QCOMPARE(micro.size(), 16);
    }
    void aResumedRunGrowsBackToWhatItBeganWith() {
        MicroBatch micro(64, 64, 8);
        Change change = Change::None;
        double seconds = 8;
        while (micro.size() < 64) {
            stepsUntilChange(micro, seconds, change);
            QVERIFY(change == Change::Trial);
            seconds /= 2;
        }
        QCOMPARE(micro.wanted(), 64);
    }
};

HEADROOM_TEST(MicroBatchTest)
#include "tst_micro_batch.moc"
