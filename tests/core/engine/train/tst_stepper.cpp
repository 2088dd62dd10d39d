// SPDX-License-Identifier: Apache-2.0
// A step as a transaction: memory runs out at each of its allocations in turn, and the weights that come of it are those of
// a run that chose the smaller micro-batch at that step, bit for bit. Techniques that save memory go through it in combinations
// of which every allowed pair is part of one; HEADROOM_FAULTS=combinations takes all of them, HEADROOM_FAULTS=all every
// allocation of every net, else they are sampled.
#include "engine/train/stepper.h"

#include <ATen/ops/equal.h>

#include "base/errors/error.h"
#include "base/plan/training_step.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"
#include "support/temporary_folder.h"
#include "synthetic.h"
#include "technique_combinations.h"

using namespace headroom;
using namespace headroom::train;
using tensor::FaultMode;

namespace {

constexpr std::int64_t kFaultStep = 1, kSteps = 3;
constexpr int kAll = 1 << 20;

/// A run's parts and its state after the first step; every trial begins there.
class Bench {
public:
    Bench(const config::RunConfig& config, const data::Dataset& dataset)
        : m_config(config), m_dataset(dataset), m_model(config, dataset.shape, at::Device(at::kCPU)),
          m_passes(m_model, plan::precisionOf(config), dataset.shape.context),
          m_optimizer(optimizerOf(config, m_model, m_folder.path())) {
        plan::StepOptions step = plan::stepOptions(config, dataset.shape);
        plan::divide(step, config.train.batchSize, config.train.batchSize);
        const plan::StepPlan planned = plan::plan(m_model.step(), step);
        m_passes.setRecompute(planned.recompute);
        m_passes.setOffload(planned.offload, m_folder.path());
        m_bytesOut = plan::bytesOut(planned.first);
        if (config.train.ema > 0) m_ema.emplace(m_model.weights(), m_model.buffers(), config.train.ema);
        Stepper stepper = makeStepper();
        stepper.start(0, kSteps);
        stepper.step(0, kRate);
        m_after = copies(live());
    }

    /// The state after all steps, the micro-batch having been halved `shrinks` times before the second one.
    std::vector<at::Tensor> reference(int shrinks) {
        Stepper stepper = fresh();
        for (int i = 0; i < shrinks; ++i) stepper.giveWay(kFaultStep);
        finish(stepper);
        return copies(live());
    }

    /// Allocations of the second step.
    std::int64_t allocations() {
        Stepper stepper = fresh();
        const std::uint64_t before = tensor::memoryCounts().allocations;
        stepper.step(kFaultStep, kRate);
        return static_cast<std::int64_t>(tensor::memoryCounts().allocations - before);
    }

    struct Trial {
        bool fired = false;
        bool gaveUp = false;  ///< MEM-01: not even single samples fit
        int shrinks = 0;
    };
    Trial trial(std::int64_t allocation, FaultMode mode) {
        Stepper stepper = fresh();
        m_notes.clear();
        Trial trial;
        tensor::injectAllocationFault(allocation, mode);
        try {
            stepper.step(kFaultStep, kRate);
        } catch (const Error& error) {
            trial.gaveUp = error.code() == Code::Mem01;
        }
        trial.fired = tensor::allocationFaultFired();
        tensor::injectAllocationFault(0, FaultMode::Once);
        trial.shrinks = static_cast<int>(m_notes.size());
        if (!trial.gaveUp)
            for (std::int64_t step = kFaultStep + 1; step < kSteps; ++step) stepper.step(step, kRate);
        return trial;
    }

    /// A step whose loss is NaN.
    Stepper::Made stepWithABrokenWeight() {
        Stepper stepper = fresh();
        const at::Tensor weight = m_model.weights().front();
        const at::Tensor whole = weight.clone();
        weight.fill_(std::numeric_limits<float>::quiet_NaN());
        const Stepper::Made made = stepper.step(kFaultStep, kRate);
        weight.copy_(whole);
        return made;
    }

    const std::string& lastNote() const { return m_notes.back(); }
    Bytes bytesOut() const { return m_bytesOut; }  ///< that a micro-batch lets wait outside of memory
    bool isAsAfterTheFirstStep() const { return same(live(), m_after); }
    bool is(const std::vector<at::Tensor>& state) const { return same(live(), state); }

private:
    static constexpr double kRate = 0.01;

    static std::vector<at::Tensor> copies(std::vector<at::Tensor> tensors) {
        for (at::Tensor& tensor : tensors) tensor = tensor.clone();
        return tensors;
    }
    static bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
        return std::ranges::equal(a, b, [](const at::Tensor& x, const at::Tensor& y) { return at::equal(x, y); });
    }
    std::vector<at::Tensor> live() const {
        std::vector<at::Tensor> all;
        for (const NamedTensor& each : m_model.named()) all.push_back(each.tensor);
        for (const NamedTensor& each : m_optimizer->state()) all.push_back(each.tensor);
        if (m_ema)
            for (const at::Tensor& average : m_ema->averages()) all.push_back(average);
        return all;
    }
    Stepper makeStepper() {
        const std::int64_t batch = m_config.train.batchSize, micro = m_config.train.microBatch > 0 ? m_config.train.microBatch : batch;
        StepperParts parts{.config = m_config, .dataset = m_dataset, .model = m_model, .passes = m_passes, .optimizer = *m_optimizer,
                           .ema = m_ema ? &*m_ema : nullptr, .reduceGradients = {}, .fits = [](std::int64_t) { return true; }, .recomputeMore = [this] { return recomputeMore(); },
                           .offloadMore = [this] { return offloadMore(); }, .letGo = {},
                           .note = [this](std::string_view, const std::string& text) { m_notes.push_back(text); }};
        return Stepper(std::move(parts), {.size = m_dataset.training->size(), .batch = batch, .microBatch = micro, .seed = 1}, micro);
    }
    bool recomputeMore() {
        std::vector<bool> nodes = plan::blockNodes(m_model.step());
        if (m_config.train.microBatch != 1 || m_passes.recompute() == nodes) return false;
        m_passes.setRecompute(std::move(nodes));
        return true;
    }
    bool offloadMore() {
        if (m_config.train.microBatch != 1 || !m_passes.offload().empty()) return false;
        m_passes.setOffload(plan::firstNodes(m_model.step(), m_model.step().nodes().size()), m_folder.path());
        return true;
    }
    Stepper fresh() {
        const std::vector<at::Tensor> now = live();
        for (std::size_t i = 0; i < now.size(); ++i) now[i].copy_(m_after[i]);
        if (m_ema) m_ema->setUpdates(1);
        Stepper stepper = makeStepper();
        stepper.start(kFaultStep, kSteps);
        return stepper;
    }
    static void finish(Stepper& stepper) {
        for (std::int64_t step = kFaultStep; step < kSteps; ++step) stepper.step(step, kRate);
    }

    const test::TemporaryFolder m_folder;
    const config::RunConfig m_config;
    const data::Dataset& m_dataset;
    Model m_model;
    Passes m_passes;
    std::unique_ptr<Optimizer> m_optimizer;
    std::optional<Ema> m_ema;
    std::vector<at::Tensor> m_after;
    std::vector<std::string> m_notes;
    Bytes m_bytesOut = 0;
};

data::Dataset dataOf(const QString& name) {
    return name == "rows" ? test::rows(false) : name == "text" ? test::sentences(8) : test::pictures();
}

/// HEADROOM_FAULTS: "all" takes every allocation, "combinations" every allowed combination of techniques, each at some of them.
QString faults() { return qEnvironmentVariable("HEADROOM_FAULTS"); }

}  // namespace

class StepperTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }
    void cleanup() { tensor::injectAllocationFault(0, FaultMode::Once); }

    void aStepThatRunsOutOfMemoryIsRepeatedWithTheSameSamples_data() {
        QTest::addColumn<config::RunConfig>("config");
        QTest::addColumn<QString>("data");
        QTest::addColumn<int>("most");
        const int few = faults() == "all" ? kAll : 12;
        QTest::newRow("mlp adamw") << test::runOf("mlp", "adamw") << "rows" << kAll;
        QTest::newRow("mlp sgd, accumulation") << test::runOf("mlp", "sgd", 4) << "rows" << kAll;
        QTest::newRow("batch norm cnn") << test::runOf("resnet20", "sgd") << "pictures" << few;
        QTest::newRow("transformer") << test::runOf("gpt_mini", "adamw") << "text" << few;
        const std::pair<const char*, const char*> nets[] = {{"mlp", "rows"}, {"resnet20", "pictures"}, {"gpt_mini", "text"}};
        for (const auto& [net, data] : nets)
            for (const test::Combination& each : faults() == "combinations" ? test::allCombinations(net) : test::pairs(net))
                QTest::newRow(qPrintable(QString("%1, %2").arg(net, each.name.c_str()))) << each.config << data << (faults() == "all" ? kAll : 6);
    }
    void aStepThatRunsOutOfMemoryIsRepeatedWithTheSameSamples() {
        QFETCH(config::RunConfig, config);
        QFETCH(QString, data);
        QFETCH(int, most);
        const data::Dataset dataset = dataOf(data);
        Bench bench(config, dataset);
        if (data != "rows") QCOMPARE(bench.bytesOut() > 0, config.memory.offload != "off");  // of the rows nothing is large enough
        std::map<int, std::vector<at::Tensor>> references;
        const auto reference = [&](int shrinks) -> const std::vector<at::Tensor>& {
            if (!references.contains(shrinks)) references[shrinks] = bench.reference(shrinks);
            return references[shrinks];
        };
        const plan::BytesByKind level = (reference(1), tensor::memoryCounts().live);
        const std::int64_t allocations = bench.allocations();
        const std::int64_t stride = std::max<std::int64_t>(1, allocations / most);
        const std::int64_t start = 1 + static_cast<std::int64_t>(qHash(QString(QTest::currentDataTag())) % static_cast<std::size_t>(stride));
        int rescued = 0, ended = 0;
        for (const FaultMode mode : {FaultMode::Once, FaultMode::Ceiling})
            for (std::int64_t at = start; at <= allocations; at += stride) {
                const Bench::Trial trial = bench.trial(at, mode);
                QVERIFY(trial.fired);
                ++(trial.gaveUp ? ended : rescued);
                if (mode == FaultMode::Once) QCOMPARE(trial.shrinks, 1);
                if (trial.gaveUp)
                    QVERIFY2(bench.isAsAfterTheFirstStep(), qPrintable(QString("allocation %1").arg(at)));
                else
                    QVERIFY2(bench.is(reference(trial.shrinks)), qPrintable(QString("allocation %1, %2 shrinks").arg(at).arg(trial.shrinks)));
            }
        references.clear();
        qInfo("%lld allocations in the step, every %lld: %d rescued, %d ended whole", static_cast<long long>(allocations),
              static_cast<long long>(stride), rescued, ended);
        QVERIFY(rescued > 0);
        const plan::BytesByKind now = tensor::memoryCounts().live;
        for (const auto kind : {plan::Kind::Gradients, plan::Kind::Activations, plan::Kind::Workspace})
            QCOMPARE(now[static_cast<std::size_t>(kind)], level[static_cast<std::size_t>(kind)]);
    }

    void updatesInTheBackwardPassGiveTheBitsOfThoseAtItsEnd_data() {
        QTest::addColumn<config::RunConfig>("config");
        QTest::addColumn<QString>("data");
        QTest::newRow("mlp adamw") << test::inBackward(test::runOf("mlp", "adamw")) << "rows";
        QTest::newRow("batch norm cnn sgd") << test::inBackward(test::runOf("resnet20", "sgd")) << "pictures";
        QTest::newRow("transformer bf16, cheap nodes made again") << test::combined("gpt_mini", {"bf16", "cheap", "in the backward pass"}) << "text";
        QTest::newRow("transformer of bf16 weights, 8 bits") << test::combined("gpt_mini", {"bf16 weights", "8 bits", "in the backward pass"}) << "text";
    }
    void updatesInTheBackwardPassGiveTheBitsOfThoseAtItsEnd() {
        QFETCH(config::RunConfig, config);
        QFETCH(QString, data);
        const data::Dataset dataset = dataOf(data);
        const std::vector<at::Tensor> during = Bench(config, dataset).reference(0);
        config.memory.optimizerInBackward = false;
        Bench atTheEnd(config, dataset);
        atTheEnd.reference(0);
        QVERIFY(atTheEnd.is(during));
    }

    void aLossThatIsNotFiniteUpdatesNothingInTheBackwardPass() {
        config::RunConfig config = test::inBackward(test::runOf("mlp", "adamw"));
        const data::Dataset dataset = test::rows(false);
        Bench bench(config, dataset);
        QVERIFY(!bench.stepWithABrokenWeight().applied);
        QVERIFY(bench.isAsAfterTheFirstStep());
    }

    void atSingleSamplesMoreIsMadeAgainThenWhatWaitsGoesOutThenTheStepEndsWhole() {
        const data::Dataset dataset = test::pictures();
        Bench bench(test::runOf("resnet20", "adamw", 1), dataset);
        const std::vector<at::Tensor> reference = bench.reference(0);
        for (const char* change : {"the backward pass makes more again", "what waits for the backward pass waits outside of memory"}) {
            const Bench::Trial trial = bench.trial(bench.allocations() / 2, FaultMode::Once);
            QVERIFY(trial.fired && !trial.gaveUp);
            QVERIFY2(bench.lastNote().find(change) != std::string::npos, bench.lastNote().c_str());
            QVERIFY(bench.is(reference));
        }
        QVERIFY(bench.trial(bench.allocations() / 2, FaultMode::Once).gaveUp);
        QVERIFY(bench.isAsAfterTheFirstStep());
    }
};

HEADROOM_TEST(StepperTest)
#include "tst_stepper.moc"
