// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <atomic>
#include <thread>

#include "base/errors/error.h"
#include "engine/data/loader.h"
#include "engine/data/random.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::data;

namespace {

/// Samples that tell their number, made at uneven speed so that threads overtake each other.
class Numbers : public Source {
public:
    std::int64_t size() const override { return 50; }
    Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement&) const override {
        ++made;
        for (std::uint64_t i = 0, n = draw.seed + mixed(std::uint64_t(samples[0])) % 20000; i < n; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
        if (failAt >= 0 && samples[0] % 50 == failAt) throw Error(Failure{Code::Dat02, "sample", "unreadable", {}, {}, {}});
        at::Tensor input = at::empty({std::int64_t(samples.size())}, at::kLong);
        std::copy(samples.begin(), samples.end(), input.data_ptr<std::int64_t>());
        return {input, at::full({1}, draw.epoch, at::kLong)};
    }
    mutable std::atomic<int> made{0};
    int failAt = -1;
};

Sampler sampler(std::int64_t micro = 3) { return Sampler({.size = 50, .batch = 8, .microBatch = micro, .seed = 9}); }

struct Seen {
    std::int64_t step, micro, epoch;
    std::vector<std::int64_t> samples, positions;
    bool operator==(const Seen&) const = default;
};

std::vector<Seen> drain(Loader& loader) {
    std::vector<Seen> all;
    while (const auto batch = loader.next()) {
        const auto* numbers = batch->samples.input.data_ptr<std::int64_t>();
        all.push_back({batch->step, batch->share.micro, batch->samples.target.item<std::int64_t>(),
                       {numbers, numbers + batch->samples.input.numel()}, batch->positions});
    }
    return all;
}

LoaderOptions options(std::int64_t threads, std::int64_t prefetch, std::int64_t first = 0, std::int64_t end = 16) {
    LoaderOptions made;
    made.threads = threads;
    made.prefetch = prefetch;
    made.firstStep = first;
    made.endStep = end;
    return made;
}

std::vector<Seen> run(std::int64_t threads, std::int64_t first = 0, std::int64_t end = 16) {
    const Numbers source;
    Loader loader(source, sampler(), options(threads, 3, first, end));
    return drain(loader);
}

}  // namespace

class LoaderTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void batchesAreTheSameForAnyNumberOfThreads() {
        const auto inlined = run(0);
        QCOMPARE(inlined.front().epoch, 0);
        QCOMPARE(inlined.back().epoch, 2);  // 16 steps of 7 an epoch
        QVERIFY(run(1) == inlined);
        QVERIFY(run(4) == inlined);
    }
    void aLaterStartGivesTheRestOfTheSame() {
        const auto whole = run(0);
        const auto rest = run(2, 9);
        QVERIFY(rest == std::vector<Seen>(whole.end() - std::ptrdiff_t(rest.size()), whole.end()));
        QCOMPARE(rest.front().step, 9);
    }
    void positionsCountWithinTheEffectiveBatch() {
        const auto all = run(0, 0, 1);
        std::vector<std::int64_t> positions;
        for (const Seen& batch : all) positions.insert(positions.end(), batch.positions.begin(), batch.positions.end());
        QCOMPARE(positions, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
    }
    void atMostThePrefetchedBatchesAreMadeAhead() {
        const Numbers source;
        {
            Loader loader(source, sampler(0), options(4, 2));
            QVERIFY(loader.next());
            QTRY_VERIFY(source.made >= 3);  // the one taken, and two that wait
            QVERIFY(loader.next());
            QTRY_VERIFY(source.made >= 4);
            QVERIFY(source.made <= 4);
        }
        QVERIFY(source.made <= 4);
    }
    void whatFailsInAThreadIsThrownByNext_data() {
        QTest::addColumn<int>("threads");
        QTest::newRow("inline") << 0;
        QTest::newRow("one thread") << 1;
        QTest::newRow("four threads") << 4;
    }
    void whatFailsInAThreadIsThrownByNext() {
        QFETCH(int, threads);
        Numbers source;
        source.failAt = int(sampler().samples(sampler().shares(0, 2).front())[0]);
        Loader loader(source, sampler(), options(threads, 2));
        QVERIFY_EXCEPTION_THROWN(drain(loader), Error);
    }
    void aLoaderThatNobodyEmptiesEnds() {
        const Numbers source;
        const Loader loader(source, sampler(), options(3, 1));
    }
    void nothingComesAfterTheEnd() {
        const Numbers source;
        Loader loader(source, sampler(), options(2, 2, 5, 5));
        QVERIFY(!loader.next());
        QVERIFY(!loader.next());
    }
};

HEADROOM_TEST(LoaderTest)
#include "tst_loader.moc"
