// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <sys/resource.h>

#include <random>
#include <thread>

#include "engine/tensor/block_pool.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::tensor;
using plan::Kind;

namespace {

at::Tensor bytes(std::int64_t count) { return at::empty({count}, at::kByte); }
Bytes live(Kind kind) { return memoryCounts().live[static_cast<std::size_t>(kind)]; }

std::int64_t pageFaults() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/// What a step does: large blocks that come and go like a stack, each page written once.
void step() {
    std::vector<at::Tensor> held;
    for (std::int64_t i = 1; i <= 12; ++i) held.push_back(bytes(i * 700'000).fill_(1));
    while (!held.empty()) {
        const at::Tensor gradient = bytes(held.back().numel() / 2).fill_(2);
        held.pop_back();
    }
}

}  // namespace

class CountingMemory : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { installAllocator(); }
    void cleanup() {
        setMemoryBudget(0);
        injectAllocationFault(0, FaultMode::Once);
    }

    void requestedBytesAreCountedByKindAndReturnToTheirLevel() {
        const MemoryCounts before = memoryCounts();
        {
            const MemoryScope scope(Kind::Gradients);
            const at::Tensor a = bytes(1001), b = bytes(3'000'001);
            const MemoryScope inner(Kind::Weights);
            const at::Tensor c = bytes(77);
            QCOMPARE(live(Kind::Gradients) - before.live[static_cast<std::size_t>(Kind::Gradients)], Bytes{3'001'002});
            QCOMPARE(live(Kind::Weights) - before.live[static_cast<std::size_t>(Kind::Weights)], Bytes{77});
            label(a, Kind::Weights);
            QCOMPARE(live(Kind::Weights) - before.live[static_cast<std::size_t>(Kind::Weights)], Bytes{1078});
        }
        QVERIFY(memoryCounts().live == before.live);
        QCOMPARE(memoryCounts().liveTotal, before.liveTotal);
    }

    void thePeakIsKeptWithItsComposition() {
        resetPeak();
        const Bytes base = memoryCounts().liveTotal;
        { const at::Tensor a = bytes(5'000'000); }
        QCOMPARE(memoryCounts().peakTotal - base, Bytes{5'000'000});
        resetPeak();
        QCOMPARE(memoryCounts().peakTotal, memoryCounts().liveTotal);
    }

    void whoeverAsksAgainAndAgainGetsThePeakSinceTheLastTime() {
        takeRecentPeak();
        const MemoryCounts base = memoryCounts();
        { const MemoryScope scope(Kind::Activations); const at::Tensor a = bytes(5'000'000); }
        const MemoryPeak recent = takeRecentPeak();
        QCOMPARE(recent.total - base.liveTotal, Bytes{5'000'000});
        const auto activations = static_cast<std::size_t>(Kind::Activations);
        QCOMPARE(recent.byKind[activations] - base.live[activations], Bytes{5'000'000});
        QCOMPARE(takeRecentPeak().total, base.liveTotal);
        QVERIFY(memoryCounts().peakTotal >= recent.total);
    }

    void blocksAreAlignedAndDoNotOverlap() {
        std::mt19937 random(3);
        std::vector<std::pair<at::Tensor, std::uint8_t>> held;
        for (int i = 0; i < 4000; ++i) {
            const std::int64_t size = 1 + static_cast<std::int64_t>(random() % (i % 16 == 0 ? 3'000'000 : 40'000));
            held.emplace_back(bytes(size).fill_(i % 251), static_cast<std::uint8_t>(i % 251));
            QCOMPARE(reinterpret_cast<std::uintptr_t>(held.back().first.data_ptr()) % 64, std::uintptr_t{0});
            if (held.size() > 60) {
                std::swap(held[random() % held.size()], held.back());
                const auto& [tensor, content] = held.back();
                const auto* data = static_cast<const std::uint8_t*>(tensor.data_ptr());
                QVERIFY(data[0] == content && data[tensor.numel() - 1] == content && data[tensor.numel() / 2] == content);
                held.pop_back();
            }
        }
    }

    void aBudgetRefusesWhatWouldExceedIt() {
        trimMemory();
        const Bytes before = memoryCounts().liveTotal;
        setMemoryBudget(memoryCounts().reserved + 1'000'000);
        const at::Tensor fits = bytes(900'000);
        QVERIFY_EXCEPTION_THROWN(bytes(200'000), c10::OutOfMemoryError);
        QCOMPARE(memoryCounts().liveTotal, before + 900'000);
        setMemoryBudget(0);
        bytes(200'000);
    }

    void aBudgetCountsWhatThePoolsHoldAndNotOnlyWhatIsInUse() {
        trimMemory();
        const Bytes budget = memoryCounts().reserved + 6'200'000;
        setMemoryBudget(budget);
        std::vector<at::Tensor> blocks;
        for (int i = 0; i < 4; ++i) blocks.push_back(bytes(1'500'000));
        blocks[0].reset();
        blocks[2].reset();  // two holes, neither of which serves the next one
        QVERIFY(memoryCounts().liveTotal + 2'000'000 <= budget);
        QVERIFY_EXCEPTION_THROWN(bytes(2'000'000), c10::OutOfMemoryError);
        QVERIFY(lastRefusal().held > lastRefusal().live && lastRefusal().held <= budget);
        blocks.clear();
        bytes(5'900'000);
        QVERIFY(memoryCounts().reserved <= budget);
    }

    void aBudgetFirstGivesBackWhatNobodyUses() {
        bytes(50'000'000);
        const Bytes kept = memoryCounts().reserved;
        setMemoryBudget(kept);
        QVERIFY(memoryCounts().reserved <= kept - 50'000'000);
    }

    void anInjectedFaultStrikesOnceOrFromThenOn() {
        injectAllocationFault(2, FaultMode::Once);
        bytes(100);
        QVERIFY(!allocationFaultFired());
        QVERIFY_EXCEPTION_THROWN(bytes(100), c10::OutOfMemoryError);
        QVERIFY(allocationFaultFired());
        bytes(100);
        injectAllocationFault(1, FaultMode::Persistent);
        for (int i = 0; i < 3; ++i) QVERIFY_EXCEPTION_THROWN(bytes(100), c10::OutOfMemoryError);
        injectAllocationFault(0, FaultMode::Once);
        bytes(100);
    }

    void aCeilingRefusesOnlyWhatReachesBeyondIt() {
        const at::Tensor held = bytes(500'000);
        injectAllocationFault(1, FaultMode::Ceiling);
        QVERIFY_EXCEPTION_THROWN(bytes(100'000), c10::OutOfMemoryError);
        bytes(99'999);
        QVERIFY_EXCEPTION_THROWN(bytes(100'000), c10::OutOfMemoryError);
    }

    void aRefusalRemembersWhatWasAsked() {
        setMemoryBudget(memoryCounts().liveTotal + 1'000'000);
        QVERIFY_EXCEPTION_THROWN(bytes(1'200'000), c10::OutOfMemoryError);
        QCOMPARE(lastRefusal().asked, Bytes{1'200'000});
        QCOMPARE(lastRefusal().budget, memoryBudget());
    }

    void aRepeatedStepTouchesNoNewPage() {
        for (int i = 0; i < 3; ++i) step();
        const std::int64_t before = pageFaults();
        for (int i = 0; i < 20; ++i) step();
        // The C library's own small growth and the test's bookkeeping; a step touches some 20,000 pages.
        QVERIFY2(pageFaults() - before < 40, qPrintable(QString::number(pageFaults() - before)));
    }

    void trimmingGivesFreeMemoryBack() {
        step();
        { const at::Tensor large = bytes(80'000'000); }
        const Bytes reserved = memoryCounts().reserved;
        trimMemory();
        QVERIFY(memoryCounts().reserved <= reserved - 80'000'000);
    }

    void slabsOfSmallBlocksGoBackOnceNothingInThemIsInUse() {
        SmallPool pool;
        std::vector<BlockHeader*> first, second;
        for (int i = 0; i < 40; ++i) first.push_back(pool.take(50'000));
        for (int i = 0; i < 40; ++i) second.push_back(pool.take(90'000));
        const std::size_t reserved = pool.reserved();
        for (BlockHeader* block : first) pool.give(block);
        pool.trim();
        QVERIFY(pool.reserved() < reserved && pool.reserved() >= 40 * 90'000U);
        for (BlockHeader* block : second) *static_cast<char*>(block->data()) = 1;
        BlockHeader* again = pool.take(50'000);
        *static_cast<char*>(again->data()) = 1;
        pool.give(again);
        for (BlockHeader* block : second) pool.give(block);
        pool.trim();
        QCOMPARE(pool.reserved(), std::size_t(0));
    }

    void ofLargeBlocksOfJustTheSizeTheLastIsTakenOfLargerOnesTheFirst() {
        LargePool pool;
        BlockHeader* a = pool.take(2'000'000, SIZE_MAX);
        BlockHeader* between = pool.take(200'000, SIZE_MAX);
        BlockHeader* b = pool.take(2'000'000, SIZE_MAX);
        BlockHeader* end = pool.take(200'000, SIZE_MAX);
        pool.give(a);
        pool.give(b);
        QCOMPARE(pool.take(2'000'000, SIZE_MAX), b);
        pool.give(b);
        BlockHeader* smaller = pool.take(1'000'000, SIZE_MAX);
        QCOMPARE(smaller, a);
        for (BlockHeader* each : {smaller, between, end}) pool.give(each);
        pool.trim();
    }

    void aFreedBlockIsJoinedWithItsNeighbours() {
        LargePool pool;
        BlockHeader* a = pool.take(8'000'000, SIZE_MAX);
        BlockHeader* b = pool.take(8'000'000, SIZE_MAX);
        BlockHeader* c = pool.take(8'000'000, SIZE_MAX);
        const std::size_t reserved = pool.reserved();
        pool.give(a);
        pool.give(c);
        pool.give(b);
        BlockHeader* whole = pool.take(24'000'000, SIZE_MAX);
        QCOMPARE(pool.reserved(), reserved);
        pool.give(whole);
    }

    void threadsMayTakeAndGiveTogether() {
        const MemoryCounts before = memoryCounts();
        {
            std::vector<std::jthread> threads;
            for (unsigned t = 0; t < 4; ++t)
                threads.emplace_back([t] {
                    std::mt19937 random(t);
                    std::vector<at::Tensor> held;
                    for (int i = 0; i < 3000; ++i) {
                        held.push_back(bytes(1 + static_cast<std::int64_t>(random() % 300'000)));
                        if (held.size() > 10) held.erase(held.begin());
                    }
                });
        }
        QCOMPARE(memoryCounts().liveTotal, before.liveTotal);
        QVERIFY(memoryCounts().live == before.live);
    }

    void picturesOfOneChannelAreChannelsLastByTheirStridesToo() {
        const at::Tensor picture = inLayout(at::empty({2, 1, 5, 4}, at::kFloat));
        QVERIFY(picture.strides() == at::IntArrayRef({20, 1, 4, 1}));
        QVERIFY(isInLayout(picture));
    }

    void bytesGoThereAndBack() {
        const std::vector<float> numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        const std::vector<std::int64_t> shape{1, 3, 2, 2};
        const auto raw = std::as_bytes(std::span(numbers));
        const std::vector<std::byte> back = toBytes(inLayout(fromBytes(graph::DType::F32, shape, raw)));
        QVERIFY(std::ranges::equal(back, raw));
    }
};

HEADROOM_TEST(CountingMemory)
#include "tst_memory.moc"
