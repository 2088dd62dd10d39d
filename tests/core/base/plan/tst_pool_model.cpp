// SPDX-License-Identifier: Apache-2.0
#include "base/plan/pool_model.h"

#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {
constexpr Bytes kHeader = 64, kGrain = 4096;
}

class PoolModelRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aBlockTakesItsBytesWithAHeaderInWholeGrains() {
        PoolModel pool;
        pool.take(1'000'000);
        QCOMPARE(pool.reach(), (1'000'000 + kHeader + kGrain - 1) / kGrain * kGrain);
    }
    void whatWasGivenBackServesTheNextBlock() {
        PoolModel pool;
        const auto a = pool.take(8'000'000);
        pool.take(1'000'000);
        const Bytes reach = pool.reach();
        pool.give(a);
        pool.take(3'000'000);
        pool.take(4'000'000);
        QCOMPARE(pool.reach(), reach);
    }
    void neighboursThatAreFreeJoin() {
        PoolModel pool;
        const auto a = pool.take(2'000'000), b = pool.take(2'000'000), c = pool.take(2'000'000);
        const Bytes reach = pool.reach();
        pool.give(a);
        pool.give(c);
        pool.give(b);
        pool.take(5'900'000);
        QCOMPARE(pool.reach(), reach);
    }
    void ofBlocksOfJustTheSizeTheLastIsTakenOfLargerOnesTheFirst() {
        PoolModel pool;
        const auto a = pool.take(2'000'000);
        pool.take(200'000);
        const auto b = pool.take(2'000'000);
        pool.take(200'000);
        pool.give(a);
        pool.give(b);
        QCOMPARE(pool.take(2'000'000).address, b.address);
        pool.give(b);
        QCOMPARE(pool.take(1'000'000).address, a.address);
    }
    void theFreeEndOfTheRangeGrowsByWhatIsMissing() {
        PoolModel pool;
        pool.give(pool.take(4'000'000));
        pool.take(6'000'000);
        QCOMPARE(pool.reach(), (6'000'000 + kHeader + kGrain - 1) / kGrain * kGrain);
    }
    void aBlockThatStaysMovesAllOthersUp() {
        const PoolUse alone{1'000'000, 900 * kKiB};
        QCOMPARE(alone.beside(0).total(), alone.total());
        QCOMPARE(alone.beside(kMiB).reach, alone.reach + kMiB + kGrain);
        QCOMPARE(alone.beside(100 * kKiB).small, alone.small + 100 * kKiB + kHeader);
    }
    void aStepsPoolHoldsAtLeastItsPeakOfLargeBlocks() {
        for (const test::NetCase& net : test::fourNets()) {
            StepOptions options;
            options.extents = {{"batch", 64}, {"sequence", 32}};
            const StepPlan step = plan::plan(test::trainingGraph(net), options);
            QVERIFY(poolPeak(step) > step.peak * 9 / 10);
            QVERIFY(poolPeak(step) < step.peak * 3 / 2 + 4 * kMiB);
        }
    }
};

HEADROOM_TEST(PoolModelRules)
#include "tst_pool_model.moc"
