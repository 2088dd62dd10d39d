// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "engine/data/sampler.h"
#include "engine/data/split.h"
#include "support/registry.h"

using namespace headroom::data;

class SamplerTest : public QObject {
    Q_OBJECT

    static std::vector<std::int64_t> epochOf(const Sampler& sampler, std::int64_t epoch) {
        std::vector<std::int64_t> all;
        for (std::int64_t step = 0; step < sampler.stepsPerEpoch(); ++step)
            for (const Share& share : sampler.shares(epoch, step))
                for (const std::int64_t sample : sampler.samples(share)) all.push_back(sample);
        return all;
    }
    static std::vector<std::int64_t> sorted(std::vector<std::int64_t> values) {
        std::ranges::sort(values);
        return values;
    }

private Q_SLOTS:
    void everyPositionGoesToAnotherSample_data() {
        QTest::addColumn<qint64>("size");
        for (const int size : {1, 2, 3, 5, 16, 17, 1000, 60000}) QTest::addRow("%d", size) << qint64(size);
    }
    void everyPositionGoesToAnotherSample() {
        QFETCH(qint64, size);
        const Permutation order(7, 3, size);
        std::vector<std::int64_t> seen;
        for (std::int64_t i = 0; i < size; ++i) seen.push_back(order(i));
        QCOMPARE(sorted(seen), allOf(size));
    }
    void orderDependsOnSeedAndEpochAlone() {
        const auto order = [](std::uint64_t seed, std::int64_t epoch) {
            return epochOf(Sampler({.size = 500, .batch = 32, .seed = seed}), epoch);
        };
        QCOMPARE(order(1, 2), order(1, 2));
        QVERIFY(order(1, 2) != order(1, 3));
        QVERIFY(order(1, 2) != order(2, 2));
    }
    void orderLooksRandom() {
        // Of a random permutation, as many neighbours rise as fall, and about one sample stays where it was.
        const Permutation order(11, 0, 10000);
        int rises = 0, fixed = 0;
        for (std::int64_t i = 0; i + 1 < 10000; ++i) {
            rises += order(i) < order(i + 1);
            fixed += order(i) == i;
        }
        QVERIFY(std::abs(rises - 5000) < 150);  // five standard deviations of sqrt(n / 12)
        QVERIFY(fixed < 10);
    }
    void orderDoesNotDependOnTheMicroBatch() {
        const Sampler whole({.size = 100, .batch = 32, .seed = 4});
        const Sampler parts({.size = 100, .batch = 32, .microBatch = 5, .seed = 4});
        QCOMPARE(epochOf(whole, 1), epochOf(parts, 1));
    }
    void everySampleComesOnceAnEpoch_data() {
        QTest::addColumn<qint64>("size");
        QTest::addColumn<qint64>("batch");
        QTest::addColumn<qint64>("micro");
        QTest::addColumn<int>("world");
        QTest::newRow("whole batches") << qint64(64) << qint64(16) << qint64(0) << 1;
        QTest::newRow("a smaller last batch") << qint64(70) << qint64(16) << qint64(0) << 1;
        QTest::newRow("a lone last sample") << qint64(65) << qint64(16) << qint64(4) << 1;
        QTest::newRow("a batch larger than the data") << qint64(10) << qint64(16) << qint64(3) << 1;
        QTest::newRow("three ranks") << qint64(70) << qint64(16) << qint64(2) << 3;
    }
    void everySampleComesOnceAnEpoch() {
        QFETCH(qint64, size);
        QFETCH(qint64, batch);
        QFETCH(qint64, micro);
        QFETCH(int, world);
        std::vector<std::int64_t> all;
        for (int rank = 0; rank < world; ++rank) {
            const Sampler sampler({.size = size, .batch = batch, .microBatch = micro, .seed = 1, .rank = rank, .world = world});
            const auto own = epochOf(sampler, 0);
            all.insert(all.end(), own.begin(), own.end());
        }
        QCOMPARE(sorted(all), allOf(size));
    }
    void aLoneLastSampleJoinsTheBatchBefore() {
        const Sampler sampler({.size = 65, .batch = 16, .seed = 1});
        QCOMPARE(sampler.stepsPerEpoch(), 4);
        QCOMPARE(sampler.effectiveBatch(0), 16);
        QCOMPARE(sampler.effectiveBatch(3), 17);
    }
    void microBatchesDifferByAtMostOneSample() {
        const Sampler sampler({.size = 100, .batch = 33, .microBatch = 10, .seed = 1});
        const auto shares = sampler.shares(0, 0);
        QCOMPARE(shares.size(), std::size_t(4));
        std::int64_t at = 0;
        for (const Share& share : shares) {
            QCOMPARE(share.first, at);
            QCOMPARE(share.effective, 33);
            QVERIFY(share.count == 8 || share.count == 9);
            at += share.count;
        }
        QVERIFY(shares.back().endsStep());
        QVERIFY(!shares.front().endsStep());
    }
    void ranksTogetherMakeTheSameBatch() {
        const Sampler one({.size = 90, .batch = 30, .seed = 5});
        std::vector<std::int64_t> joined;
        for (int rank = 0; rank < 4; ++rank) {
            const Sampler own({.size = 90, .batch = 30, .seed = 5, .rank = rank, .world = 4});
            for (const Share& share : own.shares(2, 1))
                for (const std::int64_t sample : own.samples(share)) joined.push_back(sample);
        }
        QCOMPARE(joined, one.samples(one.shares(2, 1).front()));
    }

    void holdoutTakesTheSameShareOfEveryClass() {
        std::vector<std::int32_t> labels;
        for (int i = 0; i < 1000; ++i) labels.push_back(i % 10 == 0 ? 1 : 0);
        const Split split = holdOut(1000, labels, 0.2, 3);
        QCOMPARE(split.validation.size(), std::size_t(200));
        QCOMPARE(std::ranges::count_if(split.validation, [&](auto i) { return labels[std::size_t(i)] == 1; }), 20);
        std::vector<std::int64_t> all = split.training;
        all.insert(all.end(), split.validation.begin(), split.validation.end());
        QCOMPARE(sorted(all), allOf(1000));
        QVERIFY(std::ranges::is_sorted(split.training));
    }
    void holdoutIsAFunctionOfTheSeed() {
        QCOMPARE(holdOut(300, {}, 0.2, 1).validation, holdOut(300, {}, 0.2, 1).validation);
        QVERIFY(holdOut(300, {}, 0.2, 1).validation != holdOut(300, {}, 0.2, 2).validation);
    }
    void aClassKeepsASampleForTraining() {
        const std::vector<std::int32_t> labels{0, 0, 0, 1};
        const Split split = holdOut(4, labels, 0.9, 1);
        QCOMPARE(std::ranges::count_if(split.training, [&](auto i) { return labels[std::size_t(i)] == 1; }), 1);
        QCOMPARE(std::ranges::count_if(split.training, [&](auto i) { return labels[std::size_t(i)] == 0; }), 1);
    }
    void theLimitKeepsTheFirstTrainingSamplesAndNoOthers() {
        Split split = holdOut(100, {}, 0.2, 1);
        const Split whole = split;
        limitTraining(split, 10);
        QCOMPARE(split.training, std::vector<std::int64_t>(whole.training.begin(), whole.training.begin() + 10));
        QCOMPARE(split.validation, whole.validation);
        limitTraining(split, 0);
        QCOMPARE(split.training.size(), std::size_t(10));
    }
};

HEADROOM_TEST(SamplerTest)
#include "tst_sampler.moc"
