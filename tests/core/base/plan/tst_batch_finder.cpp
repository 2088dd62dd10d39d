// SPDX-License-Identifier: Apache-2.0
#include "base/plan/batch_finder.h"

#include "base/plan/process_peak.h"
#include "base/plan/training_step.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

graph::Graph cnn() { return test::trainingGraph({"cnn", test::pictures(1, 28)}); }

/// What the process adds.
Bytes peakAt(const graph::Graph& graph, std::int64_t batch, std::int64_t micro) {
    StepOptions step;
    divide(step, batch, micro);
    return processPeak(graph, plan::plan(graph, step), step.device);
}

MeasuredSize size(std::int64_t micro, double rate, Bytes peak) { return {micro, {}, rate, peak}; }

}  // namespace

class BatchFinder : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sizesAreDivisorsEachAtMostHalfOfTheOneBefore() {
        QCOMPARE(sizesToMeasure(cnn(), {}, 48, {}), (std::vector<std::int64_t>{48, 24, 12, 6, 3}));
        QCOMPARE(sizesToMeasure(cnn(), {}, 45, {}), (std::vector<std::int64_t>{45, 15, 5, 1}));
        QCOMPARE(sizesToMeasure(cnn(), {}, 1, {}), (std::vector<std::int64_t>{1}));
    }
    void theLargestIsTheLargestThatFits() {
        const graph::Graph graph = cnn();
        const Bytes budget = peakAt(graph, 48, 16);
        QCOMPARE(sizesToMeasure(graph, {}, 48, budget).front(), std::int64_t{16});
        QVERIFY(sizesToMeasure(graph, {}, 48, peakAt(graph, 48, 1) - 1).empty());
    }
    void ofSizesThatAreAsFastTheOneOfLeastMemoryIsTaken() {
        QCOMPARE(fastest({size(64, 1000, 640), size(32, 990, 320), size(16, 900, 160)})->microBatch, std::int64_t{32});
        QCOMPARE(fastest({size(64, 1000, 640), size(32, 970, 320)})->microBatch, std::int64_t{64});
        QVERIFY(!fastest({}));
    }
    void sizesThatRanOutOfMemoryAreLeftOut() {
        const auto read = measuredSizes(nlohmann::json::parse(
            R"([{"micro_batch": 8}, {"micro_batch": 4, "step_s": [1, 2, 4], "samples_per_s": 16.0, "peak_bytes": 77}])"));
        QCOMPARE(read.size(), std::size_t{1});
        QCOMPARE(read[0].microBatch, std::int64_t{4});
        QCOMPARE(read[0].step.typical, 2.0);
        QCOMPARE(read[0].peak, Bytes{77});
    }
};

HEADROOM_TEST(BatchFinder)
#include "tst_batch_finder.moc"
