// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/config/fields.h"
#include "base/errors/error.h"
#include "base/graph/graph.h"
#include "base/models/models.h"
#include "base/plan/process_peak.h"
#include "base/plan/training_step.h"
#include "engine/tensor/memory.h"
#include "engine/train/checkpoints.h"
#include "engine/train/trainer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"
#include "synthetic.h"

using namespace headroom;
using namespace headroom::train;
using test::ScriptedHost;

namespace {

TrainerOptions in(const test::TemporaryFolder& folder, bool resume = false) {
    TrainerOptions options;
    options.checkpoints = folder.path();
    options.resume = resume;
    return options;
}

Outcome unbroken(const config::RunConfig& config, const data::Dataset& dataset) {
    const test::TemporaryFolder folder;
    ScriptedHost host;
    return Trainer(config, dataset, in(folder), host).run();
}

/// Dies after the steps given, one after the other, and goes on each time.
Outcome broken(const config::RunConfig& config, const data::Dataset& dataset, const std::vector<std::int64_t>& deaths) {
    const test::TemporaryFolder folder;
    for (const std::int64_t step : deaths) {
        ScriptedHost host;
        host.dieAfter = step;
        try {
            Trainer(config, dataset, in(folder, true), host).run();
        } catch (const test::Killed&) {
            continue;
        }
        throw std::logic_error("nobody died");
    }
    ScriptedHost host;
    return Trainer(config, dataset, in(folder, true), host).run();
}

std::optional<Code> refusalOf(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return std::nullopt;
}

bool mentions(const std::vector<std::string>& notes, std::string_view text) {
    return std::ranges::any_of(notes, [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

/// A small run of three steps with dropout.
config::RunConfig threeSteps(const QString& arch, const QString& precision, std::int64_t microBatch) {
    config::RunConfig config = test::smallRun();
    config.model.arch = arch.toStdString();
    config.model.dropout = 0.2;
    config.train.precision = precision.toStdString();
    config.train.maxSteps = 3;
    config.train.microBatch = microBatch;
    return config;
}

}  // namespace

class TrainerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }

    void trainingLearns() {
        config::RunConfig config = test::smallRun();
        config.train.epochs = 8;
        const Outcome outcome = unbroken(config, test::pictures(72, {1, false}));  // a flip would change the class
        QVERIFY(outcome.kind == Outcome::Kind::Completed);
        QVERIFY2(*outcome.metrics->accuracy > 0.9, qPrintable(QString::number(*outcome.metrics->accuracy)));
        QVERIFY(!outcome.metrics->r2);
    }
    void regressionLearnsAndTellsR2() {
        config::RunConfig config = test::smallRun();
        config.model.arch = "mlp";
        config.train.epochs = 60;
        config.train.batchSize = 16;
        const Outcome outcome = unbroken(config, test::rows(true));
        QVERIFY(!outcome.metrics->accuracy);
        QVERIFY2(*outcome.metrics->r2 > 0.8, qPrintable(QString::number(*outcome.metrics->r2)));
    }
    void twoRunsAreTheSameBitForBit() {
        const data::Dataset dataset = test::pictures();
        const std::string first = unbroken(test::smallRun(), dataset).weightsSha256;
        QCOMPARE(unbroken(test::smallRun(), dataset).weightsSha256, first);
        config::RunConfig other = test::smallRun();
        other.train.seed = 2;
        QVERIFY(unbroken(other, dataset).weightsSha256 != first);
    }
    void everyStepIsReported() {
        const test::TemporaryFolder folder;
        ScriptedHost host;
        const data::Dataset dataset = test::pictures();
        Trainer trainer(test::smallRun(), dataset, in(folder), host);
        QCOMPARE(trainer.totalSteps(), 42);
        trainer.run();
        QCOMPARE(host.steps.size(), std::size_t(42));
        for (std::size_t i = 0; i < host.steps.size(); ++i) QCOMPARE(host.steps[i].at.step, std::int64_t(i + 1));
        QCOMPARE(host.steps[13].at.samples, 57);
        QCOMPARE(host.steps[13].at.epoch, 1.0);
        QCOMPARE(host.evaluations.size(), std::size_t(3));
        QCOMPARE(host.evaluations[1].first, 28);
        QCOMPARE(host.checkpoints.back(), 42);
    }
    void stepsAndEvaluationsFollowTheLimits() {
        config::RunConfig config = test::smallRun();
        config.train.maxSteps = 20;
        config.train.evalEvery = 6;
        const test::TemporaryFolder folder;
        ScriptedHost host;
        const data::Dataset dataset = test::pictures();
        Trainer(config, dataset, in(folder), host).run();
        QCOMPARE(host.steps.size(), std::size_t(20));
        std::vector<std::int64_t> at;
        for (const auto& [step, metrics] : host.evaluations) at.push_back(step);
        QCOMPARE(at, (std::vector<std::int64_t>{6, 12, 18, 20}));
    }

    void killedAnywhereItEndsWithTheSameBits_data() {
        QTest::addColumn<QString>("optimizer");
        QTest::addColumn<int>("threads");
        QTest::addColumn<double>("ema");
        QTest::addColumn<int>("micro");
        QTest::addColumn<double>("dropout");
        QTest::addColumn<QString>("precision");
        QTest::addColumn<QString>("state");
        QTest::addColumn<QString>("weights");
        QTest::newRow("adamw") << "adamw" << 0 << 0.0 << 0 << 0.0 << "fp32" << "fp32" << "fp32";
        QTest::newRow("sgd") << "sgd" << 0 << 0.0 << 0 << 0.0 << "fp32" << "fp32" << "fp32";
        QTest::newRow("adamw, four threads, averages") << "adamw" << 4 << 0.98 << 0 << 0.0 << "fp32" << "fp32" << "fp32";
        QTest::newRow("sgd, accumulation, dropout") << "sgd" << 4 << 0.0 << 2 << 0.3 << "fp32" << "fp32" << "fp32";
        QTest::newRow("adamw, all of it") << "adamw" << 4 << 0.98 << 2 << 0.3 << "fp32" << "fp32" << "fp32";
        QTest::newRow("bf16, all of it") << "adamw" << 0 << 0.98 << 2 << 0.3 << "bf16" << "fp32" << "fp32";
        QTest::newRow("adamw of 8 bits") << "adamw" << 0 << 0.98 << 2 << 0.3 << "fp32" << "8bit" << "fp32";
        QTest::newRow("momentum of bf16") << "sgd" << 0 << 0.0 << 0 << 0.0 << "fp32" << "bf16" << "fp32";
        QTest::newRow("bf16 weights, adamw of 8 bits") << "adamw" << 4 << 0.0 << 0 << 0.3 << "bf16" << "8bit" << "bf16";
        QTest::newRow("bf16 weights, accumulation") << "sgd" << 0 << 0.0 << 2 << 0.0 << "bf16" << "fp32" << "bf16";
    }
    void killedAnywhereItEndsWithTheSameBits() {
        QFETCH(QString, optimizer);
        QFETCH(int, threads);
        QFETCH(double, ema);
        QFETCH(int, micro);
        QFETCH(double, dropout);
        QFETCH(QString, precision);
        config::RunConfig config = test::smallRun();
        config.train.optimizer.name = optimizer.toStdString();
        config.loader.threads = threads;
        config.train.ema = ema;
        config.train.microBatch = micro;
        config.model.dropout = dropout;
        config.train.precision = precision.toStdString();
        QFETCH(QString, state);
        QFETCH(QString, weights);
        config.train.optimizer.state = state.toStdString();
        config.train.weights = weights.toStdString();
        config.train.clipNorm = 1;
        const data::Dataset dataset = test::pictures();
        const Outcome whole = unbroken(config, dataset);
        // before the first checkpoint, within an epoch, at its end, at a checkpoint, at the last step
        const Outcome again = broken(config, dataset, {3, 8, 14, 15, 28, 41});
        QCOMPARE(again.weightsSha256, whole.weightsSha256);
        QCOMPARE(again.metrics->loss, whole.metrics->loss);
        QCOMPARE(*again.trainLoss, *whole.trainLoss);
    }
    void killedWithStateOutsideOfMemoryItEndsWithTheSameBits() {
        const data::Dataset dataset = test::pictures();
        config::RunConfig config = test::smallRun();
        const Outcome whole = unbroken(config, dataset);
        config.memory.offloadOptimizer = true;
        QCOMPARE(broken(config, dataset, {8, 28}).weightsSha256, whole.weightsSha256);
    }
    void loaderThreadsDoNotChangeTheResult() {
        const data::Dataset dataset = test::pictures();
        config::RunConfig config = test::smallRun();
        const std::string inlined = unbroken(config, dataset).weightsSha256;
        config.loader.threads = 4;
        QCOMPARE(unbroken(config, dataset).weightsSha256, inlined);
    }
    void aPausedRunGoesOnAsIfNothingHadBeen() {
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.pauseAfter = 17;
        const Outcome paused = Trainer(test::smallRun(), dataset, in(folder), host).run();
        QVERIFY(paused.kind == Outcome::Kind::Paused);
        QCOMPARE(paused.at.step, 17);
        QCOMPARE(host.checkpoints.back(), 17);
        ScriptedHost rest;
        const Outcome ended = Trainer(test::smallRun(), dataset, in(folder, true), rest).run();
        QCOMPARE(rest.steps.front().at.step, 18);
        QCOMPARE(ended.weightsSha256, unbroken(test::smallRun(), dataset).weightsSha256);
        QVERIFY(mentions(rest.notes, "step 17"));
    }
    void aFinishedRunEndsAtOnceWhenResumed() {
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host, again;
        const Outcome first = Trainer(test::smallRun(), dataset, in(folder), host).run();
        const Outcome second = Trainer(test::smallRun(), dataset, in(folder, true), again).run();
        QCOMPARE(second.weightsSha256, first.weightsSha256);
        QCOMPARE(second.metrics->loss, first.metrics->loss);
        QVERIFY(again.steps.empty());
    }

    void accumulationEqualsTheWholeBatch_data() {
        QTest::addColumn<int>("micro");
        QTest::newRow("halves") << 8;
        QTest::newRow("unequal parts") << 5;
        QTest::newRow("single samples") << 1;
    }
    void accumulationEqualsTheWholeBatch() {
        // gpt has no batch norm, whose statistics would depend on the micro-batch.
        QFETCH(int, micro);
        formats::RawDataset raw;
        raw.kind = formats::Kind::Text;
        raw.text.tokens = {"a", "b", "c", "d", "e"};
        for (int i = 0; i < 4000; ++i) raw.text.ids.push_back(std::int32_t(i * i % 5));
        const data::Dataset dataset = data::prepare(std::move(raw), {});
        config::RunConfig config = test::smallRun();
        config.model.arch = "gpt_mini";
        config.model.dropout = 0.1;
        config.train.batchSize = 16;
        config.train.maxSteps = 1;
        config.train.optimizer = {.name = "sgd", .lr = 0.1, .weightDecay = 0, .momentum = 0};
        const auto weights = [&](int size) {
            config.train.microBatch = size;
            const test::TemporaryFolder folder;
            ScriptedHost host;
            Trainer trainer(config, dataset, in(folder), host);
            trainer.run();
            return std::pair(trainer.model().named(), host.steps.front().loss);
        };
        const auto [whole, loss] = weights(16);
        const auto [parts, partsLoss] = weights(micro);
        QVERIFY(std::abs(loss - partsLoss) < 1e-5);
        for (std::size_t i = 0; i < whole.size(); ++i)  // the same sums in another order: some roundings of float
            QVERIFY2(at::allclose(whole[i].tensor, parts[i].tensor, 1e-5, 1e-6), whole[i].name.c_str());
    }
    void gradientsPassThroughTheHookOnceAStep() {
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        TrainerOptions options = in(folder);
        int calls = 0;
        options.reduceGradients = [&](std::vector<at::Tensor>& gradients) {
            ++calls;
            for (at::Tensor& gradient : gradients) gradient.zero_();
        };
        config::RunConfig config = test::smallRun();
        config.train.microBatch = 1;
        config.train.maxSteps = 4;
        config.train.optimizer = {.name = "sgd", .lr = 0.1, .weightDecay = 0, .momentum = 0};
        Trainer trainer(config, dataset, options, host);
        const at::Tensor before = trainer.model().weights().front().clone();
        trainer.run();
        QCOMPARE(calls, 4);
        QVERIFY(at::equal(trainer.model().weights().front(), before));
    }

    void aLossThatIsNotFiniteStopsBeforeTheWeightsAreTouched() {
        config::RunConfig config = test::smallRun();
        config.train.optimizer = {.name = "sgd", .lr = 1e30, .weightDecay = 0, .momentum = 0};
        config.train.schedule = {"constant", 0, 0};
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        Trainer trainer(config, dataset, in(folder), host);
        QVERIFY(refusalOf([&] { trainer.run(); }) == Code::Num01);
        QVERIFY(host.checkpoints.empty() || Checkpoints(folder.path()).newest());
    }
    void skippedStepsLeaveWeightsAndStatisticsAlone() {
        // One sample whose gradient explodes: a hook puts a NaN into the third step's gradients.
        config::RunConfig config = test::smallRun();
        config.train.onNan = "skip";
        config.train.maxSteps = 5;
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        TrainerOptions options = in(folder);
        int call = 0;
        std::vector<at::Tensor> before;
        Trainer* running = nullptr;
        options.reduceGradients = [&](std::vector<at::Tensor>& gradients) {
            if (++call == 3) gradients.back().fill_(std::numeric_limits<float>::quiet_NaN());
            if (call == 3 || call == 4) before.push_back(running->model().weights().front().clone());
        };
        Trainer trainer(config, dataset, options, host);
        running = &trainer;
        trainer.run();
        QVERIFY(at::equal(before[0], before[1]));
        QVERIFY(mentions(host.notes, "Step 3 was skipped"));
        for (const NamedTensor& named : trainer.model().named()) QVERIFY(named.tensor.isfinite().all().item<bool>());
    }
    void trainingStopsEarlyWhereNothingGetsBetter() {
        config::RunConfig config = test::smallRun();
        config.train.epochs = 50;
        config.train.earlyStopping = {.patience = 2, .minDelta = 2};  // no accuracy rises by 2
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        const Outcome outcome = Trainer(config, dataset, in(folder), host).run();
        QVERIFY(outcome.kind == Outcome::Kind::EarlyStopping);
        QCOMPARE(host.evaluations.size(), std::size_t(3));
        QVERIFY(std::filesystem::exists(Checkpoints(folder.path()).best()));
    }
    void anEvaluationAtTheEndTakesNoCopyOfTheWeights() {
        tensor::installAllocator();
        config::RunConfig config = test::smallRun();
        config.train.epochs = 1;
        data::Dataset dataset = test::pictures();
        const auto peakOf = [&] {
            const test::TemporaryFolder folder;
            ScriptedHost host;
            tensor::resetPeak();
            const Bytes before = tensor::memoryCounts().liveTotal;
            Trainer(config, dataset, in(folder), host).run();
            return tensor::memoryCounts().peakTotal - before;
        };
        const Bytes evaluated = peakOf();
        dataset.validation.reset();
        QVERIFY2(evaluated <= peakOf() + 64 * 1024, qPrintable(QString::number(evaluated)));  // an evaluation's own inputs and sums
    }
    void ordersAreCarriedOutAtTheNextStep() {
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.script = {{2, {Order::Kind::Checkpoint}}, {3, {Order::Kind::LearningRate, 1e-5}}, {6, {Order::Kind::Stop}}};
        config::RunConfig config = test::smallRun();
        config.train.schedule = {"constant", 0, 0};
        const Outcome outcome = Trainer(config, dataset, in(folder), host).run();
        QVERIFY(outcome.kind == Outcome::Kind::Stopped);
        QCOMPARE(outcome.at.step, 6);
        QCOMPARE(host.checkpoints.front(), 2);
        QCOMPARE(host.steps[2].rate, 0.01);
        QCOMPARE(host.steps[3].rate, 1e-5);
        QCOMPARE(host.done.size(), std::size_t(3));
    }

    void row99_aCheckpointOfAnotherModelIsRefused() {
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.pauseAfter = 2;
        const data::Dataset dataset = test::pictures();
        Trainer(test::smallRun(), dataset, in(folder), host).run();
        config::RunConfig other = test::smallRun();
        other.model.arch = "mlp";
        QVERIFY(refusalOf([&] { Trainer(other, dataset, in(folder, true), host); }) == Code::Ckp03);
    }
    void row100_missingStateIsRefused_data() {
        QTest::addColumn<QString>("what");
        for (const char* what : {"optimizer", "state of another form", "averages", "a tensor"}) QTest::newRow(what) << what;
    }
    void row100_missingStateIsRefused() {
        QFETCH(QString, what);
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.pauseAfter = 2;
        const data::Dataset dataset = test::pictures();
        Trainer(test::smallRun(), dataset, in(folder), host).run();
        config::RunConfig config = test::smallRun();
        if (what == "optimizer") config.train.optimizer.name = "sgd";
        if (what == "state of another form") config.train.optimizer.state = "8bit";
        if (what == "averages") config.train.ema = 0.9;
        if (what == "a tensor") {
            CheckpointContent content = test::contentOf(Checkpoints(folder.path()).newest()->file);
            std::erase_if(content.tensors, [](const NamedTensor& named) { return named.name.starts_with("optimizer.exp_avg_sq"); });
            Checkpoints(folder.path()).save(2, content);
        }
        QVERIFY(refusalOf([&] { Trainer(config, dataset, in(folder, true), host); }) == Code::Ckp04);
    }
    void row101_changedDataIsRefusedUnlessAccepted() {
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.pauseAfter = 2;
        const data::Dataset before = test::pictures(), now = test::pictures(75);
        Trainer(test::smallRun(), before, in(folder), host).run();
        QVERIFY(refusalOf([&] { Trainer(test::smallRun(), now, in(folder, true), host); }) == Code::Ckp05);
        TrainerOptions accepting = in(folder, true);
        accepting.acceptChangedData = true;
        ScriptedHost rest;
        QVERIFY(Trainer(test::smallRun(), now, accepting, rest).run().kind == Outcome::Kind::Completed);
    }
    void row102_anotherEnvironmentIsTold() {
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.pauseAfter = 2;
        const data::Dataset dataset = test::pictures();
        Trainer(test::smallRun(), dataset, in(folder), host).run();
        CheckpointContent content = test::contentOf(Checkpoints(folder.path()).newest()->file);
        content.state["environment"]["threads"] = 64;
        Checkpoints(folder.path()).save(2, content);
        ScriptedHost rest;
        Trainer(test::smallRun(), dataset, in(folder, true), rest);
        QVERIFY(mentions(rest.notes, "CKP-07"));
        QVERIFY(mentions(rest.notes, "was 64"));
    }

    void theMicroBatchShrinksWithTheBudget() {
        const data::Dataset dataset = test::pictures();
        config::RunConfig config = test::smallRun();
        config.train.batchSize = 48;
        config.train.maxSteps = 1;
        const auto microBatch = [&](const std::string& budget) {
            config.memory.budget = budget;
            const test::TemporaryFolder folder;
            ScriptedHost host;
            return Trainer(config, dataset, in(folder), host).microBatch();
        };
        const std::int64_t whole = microBatch("");
        QCOMPARE(whole, 48);
        const graph::Graph training = plan::lossOnly(plan::trainingGraph(models::build("cnn", dataset.shape), dataset.shape.task, 0), config);
        plan::StepOptions step = plan::stepOptions(config, dataset.shape);
        step.extents["batch"] = 48;
        const Bytes needed = plan::processPeak(training, plan::plan(training, step), graph::DeviceKind::Cpu);
        const std::int64_t small = microBatch(std::to_string(needed - 1));
        QVERIFY2(small < 48 && small >= 1, qPrintable(QString::number(small)));
        QVERIFY(refusalOf([&] { microBatch("100KiB"); }) == Code::Mem02);
        tensor::setMemoryBudget(0);
    }

    void aRunThatHitsItsBudgetGoesOnWithASmallerMicroBatch() {
        config::RunConfig config = test::smallRun();
        config.model.arch = "resnet20";
        config.train.batchSize = config.train.microBatch = 48;
        config.train.maxSteps = 4;
        const data::Dataset dataset = test::pictures();
        const Outcome free = unbroken(config, dataset);
        tensor::trimMemory();  // else this run's small blocks lie scattered over what that one held
        const Bytes held = tensor::memoryCounts().liveTotal;
        const graph::Graph net = plan::trainingGraph(models::build("resnet20", dataset.shape, {}), dataset.shape.task, 0);
        const auto peakAt = [&](std::int64_t microBatch) {
            plan::StepOptions step = plan::stepOptions(config, dataset.shape);
            plan::divide(step, 48, microBatch);
            return plan::plan(net, step).peak;
        };
        config.memory.budget = std::to_string(plan::fixedPart(net, graph::DeviceKind::Cpu) + held + peakAt(48) * 19 / 20);
        const test::TemporaryFolder folder;
        ScriptedHost host;
        Trainer trainer(config, dataset, in(folder), host);
        const Outcome outcome = trainer.run();
        tensor::setMemoryBudget(0);
        QVERIFY(outcome.kind == Outcome::Kind::Completed);
        QVERIFY(trainer.microBatch() <= 24);  // of so small a net the pools hold more than the tensors
        QVERIFY(mentions(host.notes, "memory: Out of memory at "));
        QVERIFY(mentions(host.notes, "micro-batch 48 becomes 24, step 1 is repeated with the same samples."));
        QVERIFY(outcome.weightsSha256 != free.weightsSha256);  // batch norms see other batches
        config.memory.budget.clear();
        config.train.microBatch = trainer.microBatch();
        QCOMPARE(unbroken(config, dataset).weightsSha256, outcome.weightsSha256);
    }
    void whatIsMadeAgainChangesNoBit_data() {
        QTest::addColumn<QString>("arch");
        QTest::addColumn<QString>("precision");
        for (const char* arch : {"cnn", "resnet20", "gpt_mini"})
            for (const char* precision : {"fp32", "bf16"}) QTest::addRow("%s %s", arch, precision) << arch << precision;
    }
    void whatIsMadeAgainChangesNoBit() {
        QFETCH(QString, arch);
        QFETCH(QString, precision);
        config::RunConfig config = threeSteps(arch, precision, 2);
        const data::Dataset dataset = arch == "gpt_mini" ? test::sentences(8) : test::pictures();
        const std::string kept = unbroken(config, dataset).weightsSha256;
        for (const char* how : {"cheap", "blocks"}) {
            config.memory.recompute = how;
            QCOMPARE(unbroken(config, dataset).weightsSha256, kept);
        }
    }
    void whatWaitsOutsideOfMemoryChangesNoBit_data() { whatIsMadeAgainChangesNoBit_data(); }
    void whatWaitsOutsideOfMemoryChangesNoBit() {
        QFETCH(QString, arch);
        QFETCH(QString, precision);
        config::RunConfig config = threeSteps(arch, precision, 4);
        const data::Dataset dataset = arch == "gpt_mini" ? test::sentences(8) : test::pictures();
        const std::string kept = unbroken(config, dataset).weightsSha256;
        config.memory.offload = "activations";
        QCOMPARE(unbroken(config, dataset).weightsSha256, kept);
        config.memory.recompute = "cheap";
        config.memory.offloadOptimizer = true;
        const test::TemporaryFolder folder;
        config.memory.offloadFolder = (folder.path() / "made").string();
        QCOMPARE(unbroken(config, dataset).weightsSha256, kept);
        QVERIFY(std::filesystem::exists(folder.path() / "made"));
    }
    void offloadWithoutRoomIsRefusedBeforeTheFirstStep_data() {
        QTest::addColumn<QString>("field");
        QTest::addColumn<QString>("value");
        QTest::newRow("activations") << "memory.offload" << "activations";
        QTest::newRow("optimizer") << "memory.offload_optimizer" << "true";
    }
    void offloadWithoutRoomIsRefusedBeforeTheFirstStep() {
        QFETCH(QString, field);
        QFETCH(QString, value);
        config::RunConfig config = test::smallRun();
        config::set(config, field.toStdString(), value.toStdString());
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        TrainerOptions options = in(folder);
        options.checkpoints = "/proc";  // takes no files
        ScriptedHost host;
        QVERIFY(refusalOf([&] { Trainer(config, dataset, options, host); }) == Code::Mem03);
    }
    void aChunkedLossTrainsTheSameNet_data() {
        QTest::addColumn<QString>("precision");
        for (const char* precision : {"fp32", "bf16"}) QTest::newRow(precision) << precision;
    }
    void aChunkedLossTrainsTheSameNet() {
        QFETCH(QString, precision);
        config::RunConfig config = test::smallRun();
        config.model.arch = "gpt_mini";
        config.train.precision = precision.toStdString();
        config.train.labelSmoothing = 0.1;
        config.train.maxSteps = 4;
        config.train.microBatch = 4;
        const data::Dataset dataset = test::sentences(8);
        const Outcome whole = unbroken(config, dataset);
        config.memory.chunkedLoss = true;
        const Outcome chunked = unbroken(config, dataset);
        // fp32: sums in another order. bf16: one more rounding of the gradient that goes back, 2^-9, in four small steps.
        const double tolerance = precision == "fp32" ? 1e-4 : 1e-2;
        QVERIFY2(std::abs(*chunked.trainLoss - *whole.trainLoss) <= tolerance * *whole.trainLoss, qPrintable(QString("%1 %2").arg(*chunked.trainLoss).arg(*whole.trainLoss)));
        QVERIFY2(std::abs(chunked.metrics->loss - whole.metrics->loss) <= tolerance * whole.metrics->loss, qPrintable(QString("%1 %2").arg(chunked.metrics->loss).arg(whole.metrics->loss)));
        QVERIFY(chunked.metrics->accuracy);  // evaluations have their logits
        QCOMPARE(unbroken(config, dataset).weightsSha256, chunked.weightsSha256);
    }
    void aRunThatNothingCanRescueEndsWithItsCheckpoint() {
        config::RunConfig config = test::smallRun();
        config.train.maxSteps = 6;
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.onStep = [](std::int64_t step) {
            if (step == 3) tensor::setMemoryBudget(tensor::memoryCounts().liveTotal + 100);
        };
        std::string message;
        try {
            Trainer(config, dataset, in(folder), host).run();
        } catch (const Error& error) {
            message = error.what();
            QCOMPARE(error.code(), Code::Mem01);
        }
        tensor::setMemoryBudget(0);
        QVERIFY2(message.find("Raise memory.budget, train in bf16, or choose a smaller model.") != std::string::npos, message.c_str());
        QCOMPARE(host.checkpoints.back(), 3);
        QCOMPARE(broken(config, dataset, {}).at.step, 6);
        ScriptedHost second;
        QCOMPARE(Trainer(config, dataset, in(folder, true), second).run().at.step, 6);
    }
    void whereTheMachineIsShortOfMemoryTheMicroBatchShrinks() {
        config::RunConfig config = test::smallRun();
        config.train.maxSteps = 3;
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        host.shortAt = 1;
        Trainer trainer(config, dataset, in(folder), host);
        trainer.run();
        QCOMPARE(trainer.microBatch(), 2);
        QVERIFY(mentions(host.notes, "memory: The machine is short of memory: micro-batch 4 becomes 2 from step 2 on."));
    }
    void theLargestMicroBatchThatIsAllowedHoldsForOneSessionOnly() {
        config::RunConfig config = test::smallRun();
        config.train.microBatch = config.train.batchSize = 4;
        config.train.epochs = 12;
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder fresh, begun;
        // The micro-batch of a session up to the step `last`, and whether a larger one was tried meanwhile.
        const auto session = [&](const test::TemporaryFolder& folder, std::int64_t largest, std::int64_t last) {
            ScriptedHost host;
            host.pauseAfter = last;
            TrainerOptions options = in(folder, true);
            options.largestMicroBatch = largest;
            Trainer trainer(config, dataset, options, host);
            const std::int64_t size = trainer.microBatch();
            trainer.run();
            return std::pair(size, mentions(host.notes, "is tried"));
        };
        const auto kept = [](std::int64_t size) { return std::pair(size, false); };
        QCOMPARE(session(fresh, 2, 3), kept(2));
        QCOMPARE(session(begun, 0, 3), kept(4));
        QCOMPARE(session(begun, 2, 63), kept(2));  // more than fifty clean steps
        QCOMPARE(session(begun, 8, 64), kept(2));  // a limit above it changes nothing
        QCOMPARE(session(begun, 0, 126), std::pair(std::int64_t(2), true));  // what the run began with is tried again
    }
    void aBrokenStepMayLowerTheRate() {
        config::RunConfig config = test::smallRun();
        config.train.onNan = "lower_rate";
        config.train.maxSteps = 4;
        config.train.optimizer.lr = 1e30;
        config.train.clipNorm = 0;
        const data::Dataset dataset = test::pictures();
        const test::TemporaryFolder folder;
        ScriptedHost host;
        Trainer(config, dataset, in(folder), host).run();
        QVERIFY(mentions(host.notes, "is not finite. The learning rate's peak is now 5e+29."));
    }
};

HEADROOM_TEST(TrainerTest)
#include "tst_trainer.moc"
