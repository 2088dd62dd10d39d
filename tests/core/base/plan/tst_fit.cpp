// SPDX-License-Identifier: Apache-2.0
#include "base/plan/fit.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "base/errors/error.h"
#include "base/plan/configured_step.h"
#include "base/plan/process_peak.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

FitQuestion question(const test::NetCase& net, std::int64_t batch, Bytes budget) {
    FitQuestion asked;
    asked.config.data.path = "somewhere";
    asked.config.model.arch = net.name;
    asked.config.train.batchSize = batch;
    asked.data = net.data;
    asked.budget = budget;
    return asked;
}

FitQuestion resnet(double share, std::int64_t batch = 64) {
    FitQuestion asked = question({"resnet20", test::pictures(3, 32)}, batch, 0);
    const ConfiguredStep step(asked.config, asked.data, asked.device);
    const Bytes fixed = fixedPart(step.graph(), asked.device);
    asked.budget = fixed + static_cast<Bytes>(share * static_cast<double>(step.processPeak(step.plan(batch, batch)) - fixed));
    return asked;
}

/// What the process adds.
Bytes peakOf(const config::RunConfig& config, const FitQuestion& asked, std::int64_t micro) {
    const ConfiguredStep step = ConfiguredStep(config, asked.data, asked.device).within(asked.budget);
    return step.processPeak(step.plan(config.train.batchSize, micro));
}

/// As if bf16 took half the time and every micro-batch had a fixed cost.
double pretendedSeconds(const config::RunConfig& config, const graph::Graph&, const StepOptions& step, const StepPlan&) {
    const double perSample = config.train.precision == "bf16" ? 0.5 : 1;
    return perSample * static_cast<double>(config.train.batchSize) + 10 * static_cast<double>(step.microBatches);
}

bool isOther(const config::Field& field, const char* text) {
    if (!field.choices.empty() || field.type == config::Type::Text || field.type == config::Type::Path) return false;
    try {
        const config::Value value = config::valueFromText(field, text);
        return !field.check(value) && value != field.defaultValue();
    } catch (const Error&) {  // not a value of this field
        return false;
    }
}

double milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// CPU time of one plan of the net with its recipe made anew, the mean of several.
double planMilliseconds(const FitQuestion& asked) {
    constexpr int kPlans = 20;
    const double start = milliseconds();
    for (int i = 0; i < kPlans; ++i) (void)peakOf(asked.config, asked, asked.config.train.batchSize);
    return (milliseconds() - start) / kPlans;
}

/// What a search may take, in plans of its net made anew: a measure that does not depend on the machine. It takes up to 170.
constexpr double kMostPlans = 400;

}  // namespace

class FitRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyWayStaysWithinTheBudget_data() {
        QTest::addColumn<double>("share");
        for (const double share : {1.1, 0.7, 0.4, 0.2}) QTest::addRow("%.1f", share) << share;
    }
    void everyWayStaysWithinTheBudget() {
        QFETCH(double, share);
        const FitQuestion asked = resnet(share);
        for (const Fit& fit : waysToFit(asked)) {
            QVERIFY(fit.peak <= asked.budget);
            QCOMPARE(peakOf(fit.config, asked, fit.microBatch), fit.peak);
            QVERIFY(config::faults(fit.config).empty());
            QVERIFY(fit.changed == config::differences(asked.config, fit.config));
        }
    }

    void whatFitsAlreadyComesFirstAndUnchanged() {
        const std::vector<Fit> fits = waysToFit(resnet(1.05));
        QVERIFY(fits.front().changed.empty() && fits.front().techniques.empty());
        QCOMPARE(fits.front().microBatches, 1);
        QCOMPARE(fits.size(), std::size_t{1});
    }

    void withoutTimesTheFewestChangesComeFirst() {
        const std::vector<Fit> fits = waysToFit(resnet(0.6));
        QVERIFY(fits.size() > 1);
        QVERIFY(std::ranges::is_sorted(fits, {}, [](const Fit& fit) { return std::tuple(fit.changed.size(), fit.microBatches); }));
        QVERIFY(!fits.front().extraTime);
    }

    void withTimesTheFastestComesFirst() {
        FitQuestion asked = resnet(0.6);
        asked.seconds = pretendedSeconds;
        const std::vector<Fit> fits = waysToFit(asked);
        QVERIFY(std::ranges::is_sorted(fits, {}, [](const Fit& fit) { return *fit.seconds; }));
        QCOMPARE(fits.front().config.train.precision, std::string("bf16"));
        QVERIFY(*fits.front().extraTime < 0);
        for (const Fit& fit : fits)
            if (fit.techniques.empty()) QCOMPARE(*fit.extraTime, 0.0);
    }

    void timesComeFromTheDevicesRoofline() {
        FitQuestion asked = resnet(0.6);
        asked.seconds = stepSeconds(deviceModel("RTX 4060"), {});
        for (const Fit& fit : waysToFit(asked)) QVERIFY(*fit.seconds > 0 && *fit.seconds < 10);
        QVERIFY(!stepSeconds(modelOfGpu("unheard of", kGiB), {}));
    }

    void aFasterTechniqueIsOfferedAlsoWhereAllFits() {
        FitQuestion asked = resnet(2);
        asked.seconds = pretendedSeconds;
        const std::vector<Fit> fits = waysToFit(asked);
        QCOMPARE(fits.front().config.train.precision, std::string("bf16"));
        QVERIFY(fits.back().changed.empty());
        QCOMPARE(*fits.back().extraTime, 0.0);
    }

    void noWayHoldsATechniqueThatItDoesNotNeed() {
        const FitQuestion asked = resnet(0.3);
        for (const Fit& fit : waysToFit(asked))
            for (const Technique* each : fit.techniques) {
                TechniqueSet fewer = fit.techniques;
                std::erase(fewer, each);
                QVERIFY(peakOf(*with(asked.config, fewer), asked, fit.microBatch) > asked.budget);
            }
    }

    void anAutomaticMicroBatchIsWhatTheRunWillChoose() {
        const FitQuestion asked = resnet(0.3);
        for (const Fit& fit : waysToFit(asked)) {
            const ConfiguredStep step = ConfiguredStep(fit.config, asked.data, asked.device).within(asked.budget);
            if (fit.config.train.microBatch == 0) QCOMPARE(step.largestMicroBatch(64, asked.budget), std::optional(fit.microBatch));
            if (fit.config.train.microBatch != 0) QCOMPARE(fit.config.train.microBatch, fit.microBatch);
            if (fit.techniques.empty()) QCOMPARE(fit.config.train.microBatch, 0);
        }
    }

    void aChosenMicroBatchBecomesASmallerDivisor() {
        FitQuestion asked = resnet(0.3, 60);
        asked.config.train.microBatch = 30;
        for (const Fit& fit : waysToFit(asked)) {
            QCOMPARE(fit.config.train.microBatch, fit.microBatch);
            QVERIFY(fit.microBatch <= 30 && 60 % fit.microBatch == 0);
        }
    }

    void whereNothingFitsItIsRefusedWithWhatItTakes() {
        FitQuestion asked = resnet(1);
        asked.budget = 100 * kKiB;
        try {
            waysToFit(asked);
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Mem02);
            QVERIFY(error.failures().front().sentence().find("100 KiB") != std::string::npos);
        }
    }

    void theMatrixSaysOfEveryBatchWhetherItFits() {
        const FitQuestion asked = resnet(0.5);
        const FitMatrix matrix = whatFits(asked);
        QVERIFY(std::ranges::find(matrix.batches, 64) != matrix.batches.end());
        QVERIFY(matrix.rows.front().techniques.empty());
        for (const MatrixRow& row : matrix.rows)
            for (const MatrixCell& cell : row.cells) {
                const config::RunConfig config = configOf(asked, row, cell);
                QCOMPARE(peakOf(config, asked, cell.microBatch), cell.peak);
                QCOMPARE(cell.fits, cell.peak <= asked.budget);
                QCOMPARE(cell.microBatches, (cell.batch + cell.microBatch - 1) / cell.microBatch);
            }
        QCOMPARE(matrix.rows.front().cells.front().microBatches, 1);
        QVERIFY(matrix.rows.front().cells.back().microBatches > 1);
    }

    void theMatrixHoldsTheConfiguredBatchAmongPowersOfTwo_data() {
        QTest::addColumn<int>("batch");
        QTest::addColumn<QString>("batches");
        QTest::newRow("power") << 64 << "8 16 32 64 128 256 512";
        QTest::newRow("between") << 100 << "8 16 32 64 100 128 256 512";
        QTest::newRow("one") << 1 << "1 2 4 8";
        QTest::newRow("largest") << 1'048'576 << "131072 262144 524288 1048576";
    }
    void theMatrixHoldsTheConfiguredBatchAmongPowersOfTwo() {
        QFETCH(int, batch);
        QFETCH(QString, batches);
        QStringList found;
        for (const std::int64_t each : whatFits(question({"mlp", test::table(4, 2)}, batch, kGiB)).batches) found << QString::number(each);
        QCOMPARE(found.join(' '), batches);
    }

    void aChangedStepIsAsIfMadeAnew_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("value");
        for (const config::Field& field : config::fields())
            for (const char* value : {"true", "false", "0.25", "1", "sgd"})
                if (isOther(field, value)) QTest::addRow("%s=%s", std::string(field.path).c_str(), value) << QString::fromStdString(std::string(field.path)) << value;
        for (const config::Field& field : config::fields())
            for (const config::Choice& choice : field.choices)
                QTest::addRow("%s=%s", std::string(field.path).c_str(), std::string(choice.name).c_str())
                    << QString::fromStdString(std::string(field.path)) << QString::fromStdString(std::string(choice.name));
    }
    void aChangedStepIsAsIfMadeAnew() {
        QFETCH(QString, path);
        QFETCH(QString, value);
        const FitQuestion asked = resnet(1);
        config::RunConfig config = asked.config;
        config::set(config, path.toStdString(), value.toStdString());
        if (path == "train.cache_features") config.train.freeze = "*, !logits.*";
        if (path == "model.lora.rank") config.model.arch = "cnn";  // a net of convolutions has no product but its head
        const auto all = models::architectures();
        if (!std::ranges::find(all, config.model.arch, &models::Architecture::name)->suits(asked.data.shape)) return;  // not for pictures
        const ConfiguredStep changed = ConfiguredStep(asked.config, asked.data, asked.device).changedTo(config);
        QCOMPARE(changed.plan(64, 16).peak, ConfiguredStep(config, asked.data, asked.device).plan(64, 16).peak);
    }

    void aModelThatDoesNotSuitTheDataIsRefused() {
        FitQuestion asked = resnet(1);
        asked.data = test::text();
        QVERIFY_THROWS_EXCEPTION(Error, waysToFit(asked));
        QVERIFY_THROWS_EXCEPTION(Error, whatFits(asked));
    }

    void bothAreFoundQuickly() {
        for (const test::NetCase& net : test::fourNets())
            for (const double share : {1.0, 0.5, 0.1, 0.0}) {
                FitQuestion asked = question(net, 256, 0);
                asked.budget = static_cast<Bytes>(share * static_cast<double>(peakOf(asked.config, asked, 256)));
                asked.seconds = stepSeconds(deviceModel("RTX 4060"), {});
                const double plan = planMilliseconds(asked), start = milliseconds();
                try {
                    (void)waysToFit(asked);
                } catch (const Error&) {  // at no budget at all
                }
                const double ways = milliseconds() - start;
                (void)whatFits(asked);
                const double matrix = milliseconds() - start - ways;
                std::printf("%-9s batch 256, budget %.1f of its peak: plan %.2f ms, ways to fit %.1f ms, matrix %.1f ms\n", net.name.c_str(), share,
                            plan, ways, matrix);
                QVERIFY(ways < kMostPlans * plan && matrix < kMostPlans * plan);
            }
    }
};

HEADROOM_TEST(FitRules)
#include "tst_fit.moc"
