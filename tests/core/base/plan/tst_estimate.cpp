// SPDX-License-Identifier: Apache-2.0
#include "base/plan/estimate.h"

#include "base/plan/roofline.h"
#include "base/plan/training_step.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

/// 1 TFLOP/s, 1 TB/s, no time to start a node; the test sets what it looks at.
DeviceModel device() {
    DeviceModel model;
    model.name = "made up";
    model.kind = graph::DeviceKind::Cuda;
    model.fp32 = model.bandwidth = 1e12;
    model.watts = 100;
    return model;
}

struct Planned {
    graph::Graph graph;
    StepOptions options;
    StepPlan step;
};

Planned planned(const test::NetCase& net, std::int64_t batch, std::int64_t microBatches = 1, Precision precision = Precision::Fp32) {
    Planned made{lossOnly(trainingGraph(models::build(net.name, net.data), net.data.task, 0), {}), {}, {}};
    made.options.precision = precision;
    made.options.extents = {{"batch", batch}, {"sequence", net.data.context}};
    made.options.microBatches = microBatches;
    made.step = plan::plan(made.graph, made.options);
    return made;
}

Planned mlp(std::int64_t batch, std::int64_t microBatches = 1, Precision precision = Precision::Fp32) {
    return planned({"mlp", test::table(108, 2)}, batch, microBatches, precision);
}

double seconds(const Planned& made, const DeviceModel& on, bool clips = false) {
    return rooflineSeconds(made.graph, made.step, made.options, clips, on);
}

/// Multiply-adds of one sample through the mlp's four products: 108 x 256, 256 x 256 twice, 256 x 2.
constexpr double kProducts = 108 * 256 + 2 * 256 * 256 + 256 * 2;

const CalibrationKey kKey{"made up", "fp32", "mlp"};

}  // namespace

class Estimates : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void productsTakeTheirFlopsAtTheRateOfThePrecision_data() {
        QTest::addColumn<int>("precision");
        QTest::newRow("fp32") << int(Precision::Fp32);
        QTest::newRow("bf16") << int(Precision::Bf16);
    }
    void productsTakeTheirFlopsAtTheRateOfThePrecision() {
        QFETCH(int, precision);
        // Everything but products costs nothing.
        DeviceModel model = device();
        model.bandwidth = 1e30;
        model.fp32 = precision == int(Precision::Fp32) ? 1e9 : 1e30;
        model.bf16 = precision == int(Precision::Bf16) ? 1e9 : 1e30;
        const Planned made = mlp(100, 1, static_cast<Precision>(precision));
        // Forward, and two products backward, but the first layer's input needs no gradient.
        const double flops = 100 * 2 * (3 * kProducts - 108 * 256);
        const double taken = seconds(made, model) * 1e9;
        QVERIFY2(taken >= flops && taken < 1.15 * flops, qPrintable(QString("%1 of %2").arg(taken).arg(flops)));
    }

    void aConvolutionInFp32RunsInTf32WhereTheDeviceHasIt() {
        DeviceModel model = device();
        model.bandwidth = 1e30;
        const Planned made = planned({"cnn", test::pictures(1, 28)}, 8);
        const double without = seconds(made, model);
        model.tf32 = 8e12;
        QVERIFY(seconds(made, model) < without / 3);
        const Planned products = mlp(8);
        QCOMPARE(seconds(products, model), seconds(products, [&] { DeviceModel same = model; same.tf32 = 0; return same; }()));
    }

    void whereArithmeticIsFreeTheBytesCount() {
        DeviceModel model = device();
        model.fp32 = 1e30;
        const double once = seconds(mlp(512), model);
        model.bandwidth /= 2;
        QCOMPARE(seconds(mlp(512), model), 2 * once);
    }

    void everyNodeTakesItsTimeToStart() {
        DeviceModel model = device();
        const Planned made = mlp(1);
        const double before = seconds(made, model);
        model.nodeSeconds = 1;
        const double starts = seconds(made, model) - before;
        QCOMPARE(std::llround(starts), static_cast<long long>(made.step.first.instructions.size() + made.graph.parameters().size()));
    }

    void everyMicroBatchCounts() {
        const double one = seconds(mlp(64), device());
        const double four = seconds(mlp(64, 4), device());
        QVERIFY(four > 3 * one && four < 4.1 * one);
    }

    void theUpdateReadsAndWritesWhatTheOptimizerKeeps() {
        DeviceModel model = device();
        Planned made = mlp(64);
        const double parameters = static_cast<double>(made.graph.parameterCount());
        const auto update = [&](OptimizerState state, bool ema, bool clips) {
            made.options.optimizer = state;
            made.options.ema = ema;
            made.step = plan::plan(made.graph, made.options);
            return std::round(updateSeconds(made.graph, made.step, made.options, clips, model) * model.bandwidth / 4 / parameters);
        };
        QCOMPARE(update({0, StateFormat::Fp32, false}, false, false), 3.0);
        QCOMPARE(update({1, StateFormat::Fp32, false}, false, false), 5.0);
        QCOMPARE(update({}, false, false), 7.0);
        QCOMPARE(update({}, true, true), 13.0);
    }

    void inferenceTakesAboutAThirdOfTraining() {
        const test::NetCase net{"resnet20", test::pictures(3, 32)};
        const Planned made = planned(net, 32);
        LowerOptions options{.mode = Mode::Inference, .device = graph::DeviceKind::Cuda, .extents = made.options.extents, .keep = {}};
        const double inference = rooflineSeconds(made.graph, lower(made.graph, options), device());
        const double training = rooflineSeconds(made.graph, made.step.first, device());
        QVERIFY(inference > 0.2 * training && inference < 0.45 * training);
    }

    void aRunIsItsStepsAndItsEvaluations() {
        const RunWork work{.step = 0.5, .steps = 100, .evaluations = 10};
        const auto found = estimate(work, device(), {}, kKey, {});
        QVERIFY(found);
        const Interval ratio = stepRatio({}, kKey);
        QCOMPARE(found->step.typical, 0.5 * ratio.typical);
        QCOMPARE(found->run.typical, 60 * ratio.typical);
        QVERIFY(found->run.low < found->run.typical && found->run.typical < found->run.high);
        QVERIFY(!found->validated);
    }

    void energyIsPowerTimesTimeAndMoneyIsTariffAndPrice() {
        config::RunConfig::Cost cost;
        cost.tariff = 0.4;
        cost.pricePerHour = 2;
        const auto found = estimate({.step = 1, .steps = 3600}, device(), {}, kKey, cost);
        const double hours = found->run.typical / 3600;
        QCOMPARE(found->wattHours, 100 * hours);
        QCOMPARE(found->cost, 0.4 * found->wattHours / 1000 + 2 * hours);
    }

    void runsOfTheArchitectureValidateTheEstimate() {
        Calibration calibration;
        calibration.add(kKey, {.stepRatio = 2.0, .watts = 60.0});
        const auto found = estimate({.step = 1, .steps = 10}, device(), calibration, kKey, {});
        QVERIFY(found->validated);
        QCOMPARE(found->step.typical, 2.0);
        QCOMPARE(found->watts, 60.0);
        QVERIFY(found->step.low < 2 && found->step.high > 2 && found->step.high < 2.5);
    }

    void runsOfAnotherArchitectureAreUsedButDoNotValidate() {
        Calibration calibration;
        calibration.add({kKey.device, kKey.precision, "cnn"}, {.stepRatio = 2.0});
        const auto found = estimate({.step = 1, .steps = 10}, device(), calibration, kKey, {});
        QVERIFY(!found->validated);
        QCOMPARE(found->step.typical, 2.0);
        const auto elsewhere = estimate({.step = 1, .steps = 10}, device(), calibration, {"another", "fp32", "cnn"}, {});
        QVERIFY(elsewhere->step.typical != 2.0);
    }

    void runsBesideOtherWorkLeaveTheLowerBoundOpen() {
        Calibration calibration;
        calibration.add(kKey, {.stepRatio = 50.0, .others = 0.8});
        const Interval ratio = stepRatio(calibration, kKey);
        QCOMPARE(ratio.typical, 50.0);
        QVERIFY(ratio.low < 1);
    }

    void aDeviceOfUnknownRatesHasNoEstimate() { QVERIFY(!estimate({.step = 1, .steps = 1}, {}, {}, kKey, {})); }
};

HEADROOM_TEST(Estimates)
#include "tst_estimate.moc"
