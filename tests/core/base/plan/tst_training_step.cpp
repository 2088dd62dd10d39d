// SPDX-License-Identifier: Apache-2.0
#include "base/plan/training_step.h"

#include "base/errors/error.h"
#include "base/plan/process_peak.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

models::DataShape digits() { return {.kind = models::DataKind::Pictures, .channels = 1, .height = 8, .width = 8, .outputs = 10}; }

config::RunConfig configOf(std::int64_t batch) {
    config::RunConfig config;
    config.model.arch = "cnn";
    config.train.batchSize = batch;
    config.train.microBatch = 0;
    return config;
}

graph::Graph graphOf(const config::RunConfig& config) {
    return trainingGraph(models::build(config.model.arch, digits()), models::Task::Classification, 0);
}

/// What the process adds.
Bytes peakAt(const config::RunConfig& config, std::int64_t microBatch) {
    StepOptions step = stepOptions(config, digits());
    divide(step, config.train.batchSize, microBatch);
    return processPeak(graphOf(config), plan::plan(graphOf(config), step), graph::DeviceKind::Cpu);
}

}  // namespace

class TrainingStep : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theBatchIsDividedIntoAsFewEqualPartsAsFit() {
        const config::RunConfig config = configOf(512);
        const Bytes whole = peakAt(config, 512);
        const Bytes fixed = fixedPart(graphOf(config), graph::DeviceKind::Cpu), pools = whole - fixed;
        for (Bytes budget = whole + 1; budget > fixed + pools / 2; budget -= pools / 10) {
            const auto micro = largestMicroBatch(graphOf(config), stepOptions(config, digits()), 512, budget);
            QVERIFY(micro);
            QVERIFY(peakAt(config, *micro) <= budget);
            const std::int64_t parts = (512 + *micro - 1) / *micro;
            if (parts > 1) QVERIFY(peakAt(config, (512 + parts - 2) / (parts - 1)) > budget);
        }
    }

    void theOptimizersStateIsThatOfTheConfiguration_data() {
        QTest::addColumn<QString>("optimizer");
        QTest::addColumn<double>("momentum");
        QTest::addColumn<QString>("state");
        QTest::addColumn<QString>("weights");
        QTest::addColumn<int>("moments");
        QTest::addColumn<bool>("counter");
        QTest::newRow("adamw") << "adamw" << 0.0 << "fp32" << "fp32" << 2 << true;
        QTest::newRow("momentum") << "sgd" << 0.9 << "fp32" << "fp32" << 1 << false;
        QTest::newRow("plain sgd") << "sgd" << 0.0 << "fp32" << "fp32" << 0 << false;
        QTest::newRow("adamw in 8 bits") << "adamw" << 0.0 << "8bit" << "fp32" << 2 << true;
        QTest::newRow("momentum in bf16") << "sgd" << 0.9 << "bf16" << "fp32" << 1 << true;
        QTest::newRow("bf16 weights by plain sgd") << "sgd" << 0.0 << "fp32" << "bf16" << 0 << true;
    }
    void theOptimizersStateIsThatOfTheConfiguration() {
        QFETCH(QString, optimizer);
        QFETCH(double, momentum);
        QFETCH(QString, state);
        QFETCH(QString, weights);
        config::RunConfig config = configOf(64);
        config.train.optimizer.name = optimizer.toStdString();
        config.train.optimizer.momentum = momentum;
        config.train.optimizer.state = state.toStdString();
        config.train.precision = "bf16";
        config.train.weights = weights.toStdString();
        const StepOptions step = stepOptions(config, digits());
        QTEST(step.optimizer.moments, "moments");
        QTEST(step.optimizer.hasCounter, "counter");
        QVERIFY(step.optimizer.format == stateFormat(config.train.optimizer));
        QVERIFY(step.precision == (weights == "bf16" ? Precision::Bf16Weights : Precision::Bf16));
    }

    void whereNotEvenSingleSamplesFitThereIsNone() {
        const config::RunConfig config = configOf(512);
        QVERIFY(!largestMicroBatch(graphOf(config), stepOptions(config, digits()), 512, 100 * kKiB));
    }

    void theConfigurationsMicroBatchIsTaken() {
        config::RunConfig config = configOf(512);
        config.train.microBatch = 7;
        QCOMPARE(microBatchFor(config, graphOf(config), stepOptions(config, digits()), 1), 7);
    }

    void theBudgetIsTheConfigurationsOrFourFifthsOfWhatIsAvailable() {
        config::RunConfig config = configOf(512);
        const StepOptions step = stepOptions(config, digits());
        const Bytes whole = peakAt(config, 512);
        QCOMPARE(microBatchFor(config, graphOf(config), step, whole * 10 / 8 + 16), 512);
        QVERIFY(microBatchFor(config, graphOf(config), step, whole) < 512);
        config.memory.budget = std::to_string(whole);
        QCOMPARE(microBatchFor(config, graphOf(config), step, 1), 512);
    }

    void aChunkedLossNeverHoldsTheLogits() {
        constexpr std::int64_t kVocabulary = 5000, kContext = 64;
        models::DataShape text;
        text.kind = models::DataKind::Text;
        text.task = models::Task::NextToken;
        text.vocabulary = kVocabulary;
        text.context = kContext;
        config::RunConfig config = configOf(16);
        config.model.arch = "gpt_mini";
        const auto peak = [&] {
            const graph::Graph net = lossOnly(trainingGraph(models::build(config.model.arch, text), text.task, 0), config);
            StepOptions step = stepOptions(config, text);
            divide(step, 16, 16);
            return plan::plan(net, step).peak;
        };
        const Bytes whole = peak();
        config.memory.chunkedLoss = true;
        const Bytes logits = 16 * kContext * kVocabulary * 4;
        QVERIFY2(peak() < whole - 3 * logits / 2, qPrintable(QString("%1 of %2").arg(peak()).arg(whole)));
    }

    void aNetWithoutCrossEntropyIsTrainedAsWithoutChunks() {
        config::RunConfig config;
        models::DataShape table;
        table.kind = models::DataKind::Table;
        table.task = models::Task::Regression;
        table.features = 8;
        table.outputs = 1;
        const graph::Graph net = trainingGraph(models::build("mlp", table), table.task, 0);
        const std::size_t nodes = lossOnly(net, config).nodes().size();
        config.memory.chunkedLoss = true;
        QCOMPARE(lossOnly(net, config).nodes().size(), nodes);
    }

    void aBudgetBelowSingleSamplesIsRefused() {
        config::RunConfig config = configOf(512);
        config.memory.budget = "100KiB";
        try {
            microBatchFor(config, graphOf(config), stepOptions(config, digits()), 1'000'000'000);
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Mem02);
        }
    }
};

HEADROOM_TEST(TrainingStep)
#include "tst_training_step.moc"
