// SPDX-License-Identifier: Apache-2.0
#include "base/plan/run_plan.h"

#include "base/plan/cpu_model.h"
#include "base/plan/figures.h"
#include "base/plan/moment.h"
#include "base/plan/process_peak.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

RunData digits() { return {test::pictures(1, 8), 1000, 200}; }

config::RunConfig configOf(std::int64_t batch, std::int64_t microBatch = 0) {
    config::RunConfig config;
    config.model.arch = "cnn";
    config.train.batchSize = batch;
    config.train.microBatch = microBatch;
    config.train.epochs = 3;
    return config;
}

DeviceModel cpu() { return cpuModel("model name : Made up\ncpu MHz : 1000\nflags : fma\n", 2, 8 * kGiB); }

RunPlan planned(const config::RunConfig& config, std::optional<Bytes> budget = {}) {
    return planRun(config, digits(), cpu(), {}, {.budget = budget});
}

/// A budget that leaves this share of what the plan's pools hold.
Bytes budgetOf(const RunPlan& plan, double share) {
    const Bytes fixed = fixedPart(plan.graph, graph::DeviceKind::Cpu);
    return fixed + static_cast<Bytes>(share * static_cast<double>(plan.processPeak - fixed));
}

}  // namespace

class RunPlans : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anAutomaticMicroBatchIsTheLargestThatFits() {
        const RunPlan whole = planned(configOf(512));
        QCOMPARE(whole.microBatch, 512);
        const RunPlan half = planned(configOf(512), budgetOf(whole, 0.75));
        QVERIFY(half.fits && half.microBatch < 512 && half.microBatch > 1);
        QVERIFY(half.processPeak <= budgetOf(whole, 0.75));
        QVERIFY(half.options.microBatches > 1);
    }

    void whatDoesNotFitSaysWhatWould() {
        const config::RunConfig fixed = configOf(512, 512);
        const Bytes budget = budgetOf(planned(fixed), 0.5);
        const RunPlan tooLarge = planned(fixed, budget);
        QVERIFY(!tooLarge.fits);
        const auto reason = misfit(fixed, tooLarge);
        QVERIFY(reason && reason->code == Code::Mem01);
        const std::int64_t fitting = planned(configOf(512), budget).microBatch;
        QVERIFY(QString::fromStdString(reason->sentence()).contains(QString("Micro-batches of %1 fit").arg(fitting)));
        QVERIFY(!misfit(fixed, planned(fixed)));
    }

    void whatFitsInNoWayIsPlannedInSingleSamples() {
        const RunPlan plan = planned(configOf(64), 100 * kKiB);
        QVERIFY(!plan.fits);
        QCOMPARE(plan.microBatch, 1);
        QVERIFY(misfit(configOf(64), plan)->code == Code::Mem02);
    }

    void keptFeaturesCountInTheBudgetOfTheProcessor() {
        config::RunConfig config = configOf(64);
        config.train.freeze = "conv1.*, bn1.*";
        const RunPlan without = planned(config);
        config.train.cacheFeatures = true;
        const RunPlan with = planned(config);
        const Bytes kept = with.features;
        QCOMPARE(kept, 1200 * 32 * 8 * 8 * 4);  // the maps behind the first convolution, of both parts
        QCOMPARE(without.features, 0);
        QVERIFY(with.processPeak > kept);
        QCOMPARE(*figuresOf(with).peak, with.step.peak + kept);
        config.train.precision = "bf16";
        QCOMPARE(planned(config).features, kept / 2);
    }
    void keptFeaturesThatDoNotFitAreRefusedInASentence() {
        config::RunConfig config = configOf(64);
        config.train.freeze = "conv1.*, bn1.*";
        config.train.cacheFeatures = true;
        const RunPlan whole = planned(config);
        const RunPlan tooLarge = planned(config, whole.features - 1);
        QVERIFY(!tooLarge.fits);
        const auto reason = misfit(config, tooLarge);
        QVERIFY(reason && reason->code == Code::Mem01 && reason->subject == "train.cache_features");
        // A step that has no room beside them is refused as such, with them in the figure.
        const RunPlan crowded = planned(config, whole.features + 100 * kKiB);
        QVERIFY(!crowded.fits);
        QVERIFY(misfit(config, crowded)->code == Code::Mem02);
        QVERIFY(planned(config, whole.processPeak).fits);
        const RunPlan half = planned(config, whole.features + budgetOf(whole, 0.75) - static_cast<Bytes>(0.75 * static_cast<double>(whole.features)));
        QVERIFY(half.microBatch < 64);
    }
    void keptFeaturesTakeNothingOfAGpu() {
        config::RunConfig config = configOf(64);
        config.train.freeze = "conv1.*, bn1.*";
        config.train.cacheFeatures = true;
        const RunPlan there = planRun(config, digits(), deviceModel("RTX 4090"), {});
        QVERIFY(there.features > 0 && there.featuresInBudget() == 0);
        QVERIFY(there.processPeak < planned(config).processPeak + deviceModel("RTX 4090").memory);
        QCOMPARE(*figuresOf(there).peak, there.step.peak);
    }

    void stepsAndEvaluationsFollowFromTheSamples() {
        config::RunConfig config = configOf(64);
        const RunPlan epochs = planned(config);
        QCOMPARE(epochs.stepsPerEpoch, 16);
        QCOMPARE(epochs.totalSteps, 48);
        QCOMPARE(epochs.work.steps, 3 * 1000 / 64.0);
        config.train.evalEvery = 1;
        QVERIFY(qFuzzyCompare(planned(config).work.evaluations, 16 * epochs.work.evaluations));
        config.train.maxSteps = 5;
        QCOMPARE(planned(config).totalSteps, 5);
    }

    void withoutAValidationPartThereIsNoEvaluation() {
        RunData data = digits();
        data.validation = 0;
        QCOMPARE(planRun(configOf(64), data, cpu(), {}).work.evaluations, 0.0);
    }

    void bf16OnADeviceWithoutItIsRefused() {
        config::RunConfig config = configOf(64);
        config.train.precision = "bf16";
        QVERIFY(planRun(config, digits(), deviceModel("RTX 3060"), {}).estimate);
        try {
            planRun(config, digits(), deviceModel("GTX 1080 Ti"), {});
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Cfg11);
            QVERIFY(QString(error.what()).contains("GTX 1080 Ti has 6.1"));
        }
    }

    void aDeviceThatIsNotHereIsPlannedForItself() {
        const RunPlan here = planned(configOf(64)), there = planRun(configOf(64), digits(), deviceModel("RTX 4090"), {});
        QVERIFY(there.estimate->step.typical < here.estimate->step.typical);
        QCOMPARE(automaticBudget(deviceModel("RTX 4090"), 1), deviceModel("RTX 4090").memory);
        QCOMPARE(automaticBudget(cpu(), 1000), 800);
    }

    void aDeviceWithoutRatesHasAPlanButNoTimes() {
        const RunPlan plan = planRun(configOf(64), digits(), modelOfGpu("Unheard Of", 8 * kGiB), {});
        QVERIFY(plan.step.peak > 0 && !plan.estimate);
    }

    void theProcessGrowsByMoreThanTheTensorsAndByWhatRunsShowed() {
        const RunPlan plan = planned(configOf(64));
        QVERIFY(plan.processPeak > plan.step.peak);
        Calibration calibration;
        calibration.add(calibrationKey(configOf(64), cpu()), {.processExtra = 5 * kMiB});
        QCOMPARE(planRun(configOf(64), digits(), cpu(), calibration).processPeak, plan.processPeak + 5 * kMiB);
    }

    void onAGpuTheContextCounts() {
        const DeviceModel card = deviceModel("RTX 4090");
        const RunPlan plan = planRun(configOf(64), digits(), card, {});
        QVERIFY(plan.processPeak >= plan.step.peak + card.context);
    }

    void theMomentOfThePeakIsTold() {
        RunPlan plan = planned(configOf(64));
        const graph::NodeId node = peakNode(plan.step);
        QVERIFY(node != graph::kNone);
        QVERIFY(QString::fromStdString(peakMoment(plan.graph, plan.step)).endsWith(QString::fromStdString(" of " + plan.graph.node(node).name)));
        plan.step.peakStage = Stage::Update;
        QCOMPARE(QString::fromStdString(peakMoment(plan.graph, plan.step)), QString("the update"));
        plan.step.peakStage = Stage::Resident;
        QCOMPARE(QString::fromStdString(peakMoment(plan.graph, plan.step)), QString("between steps"));
    }

    void theCopyOfTheBestWeightsIsPlannedWhereThereIsRoomForIt() {
        config::RunConfig config = configOf(512);
        config.train.epochs = 1;
        const RunPlan once = planned(config);
        QVERIFY(!once.options.keepsBest);  // its only evaluation is the last thing that it does
        config.train.epochs = 3;
        const RunPlan often = planned(config);
        QVERIFY(often.options.keepsBest);
        QCOMPARE(often.step.peak, once.step.peak + once.step.bestCopy);
        QCOMPARE(often.step.bestCopy, once.step.bestCopy);
        const RunPlan tight = planned(config, once.processPeak);
        QVERIFY(!tight.options.keepsBest && tight.fits);
        QCOMPARE(tight.microBatch, 512);
        RunData data = digits();
        data.validation = 0;
        QVERIFY(!planRun(config, data, cpu(), {}).options.keepsBest);
    }

    void frozenParametersAreNotCopiedWithTheBestWeights() {
        config::RunConfig config = configOf(512);
        const RunPlan all = planned(config);
        config.train.freeze = "fc1.weight";
        const RunPlan frozen = planned(config);
        const graph::Shape& shape = all.graph.value(all.graph.find("fc1.weight")).type.shape;
        const Bytes elements = graph::elementCount(graph::resolved(shape, {}));
        const Bytes moments = 2 * elements * 4;
        QCOMPARE(frozen.step.bestCopy, all.step.bestCopy - elements * 4 - moments);
    }

    void aRunsMicroBatchIsTaken() {
        QCOMPARE(planRun(configOf(64), digits(), cpu(), {}, {.microBatch = 16}).microBatch, 16);
        QCOMPARE(planRun(configOf(64), digits(), cpu(), {}, {.microBatch = 1000}).microBatch, 64);
    }
};

HEADROOM_TEST(RunPlans)
#include "tst_run_plan.moc"
