// SPDX-License-Identifier: Apache-2.0
// A whole optimizer step against its plan: the built-in nets at full size, all precisions, both optimizers and the forms of
// their state, with and without accumulation. What the process grew by stands beside: workspaces and the libraries' own blocks are in it.
#include "base/plan/pool_model.h"
#include "base/plan/step_plan.h"
#include "base/process/high_water.h"
#include "base/process/processor.h"
#include "core/engine/run/whole_step.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

#include <cmath>

using namespace headroom;

namespace {

constexpr std::int64_t kBatch = 8;
/// Workspace is reckoned by formula; what a library's primitive takes for itself depends on the processor.
constexpr double kShare = 0.08;
constexpr Bytes kLeast = 4 * kMiB;
/// Slabs that are begun, what libraries take in between: products of bf16 in the hardware pack their operands.
Bytes poolsBeyondPlan(plan::Precision precision) { return (precision != plan::Precision::Fp32 && process::hasNativeBf16() ? 5 : 3) * kMiB; }

struct Case {
    std::string net, optimizer;
    plan::Precision precision = plan::Precision::Fp32;
    std::int64_t microBatches = 1;
    std::string recompute = "off", state = "fp32";
    bool inBackward = false;  ///< the optimizer
    bool chunkedLoss = false;
    std::string offload = "off";
    bool offloadOptimizer = false;
    std::string freeze{};

    test::WholeStep::Options options() const {
        test::WholeStep::Options options{.net = net, .batch = kBatch * microBatches, .microBatches = microBatches, .small = false, .train = {}, .memory = {}};
        options.train.precision = precision == plan::Precision::Fp32 ? "fp32" : "bf16";
        options.train.weights = precision == plan::Precision::Bf16Weights ? "bf16" : "fp32";
        options.train.optimizer = {.name = optimizer, .momentum = 0.9, .state = state};
        options.train.freeze = freeze;
        options.memory.recompute = recompute;
        options.memory.optimizerInBackward = inBackward;
        options.memory.chunkedLoss = chunkedLoss;
        options.memory.offload = offload;
        options.memory.offloadOptimizer = offloadOptimizer;
        return options;
    }
};

/// A step and what was alive before any of it.
struct Bench {
    explicit Bench(const Case& which) : before(tensor::memoryCounts().live), step(which.options()) {}

    const plan::Moment& moment(plan::Stage stage, std::size_t instruction) const {
        return *std::ranges::find_if(step.planned().moments, [&](const plan::Moment& each) {
            return each.stage == stage && each.instruction == instruction;
        });
    }
    /// Nothing where what is counted now equals that moment of the plan, else what differs.
    QString difference(plan::Stage stage, std::size_t instruction = 0) const {
        const plan::BytesByKind live = tensor::memoryCounts().live, wanted = moment(stage, instruction).live;
        for (std::size_t kind = 0; kind < plan::kKinds; ++kind)
            if (live[kind] - before[kind] != wanted[kind])
                return QString("stage %1, instruction %2, %3: counted %4, planned %5").arg(int(stage)).arg(instruction)
                    .arg(QString::fromUtf8(plan::name(static_cast<plan::Kind>(kind)).data())).arg(live[kind] - before[kind]).arg(wanted[kind]);
        return {};
    }

    const plan::BytesByKind before;
    test::WholeStep step;
};

/// One step; what differed from the plan first, or nothing.
QString stepDifference(Bench& bench) {
    QString wrong = bench.difference(plan::Stage::Resident);
    bench.step.passes(0, [&](plan::Stage stage, std::size_t i) {
        if (wrong.isEmpty()) wrong = bench.difference(stage, i);
    });
    if (wrong.isEmpty()) wrong = bench.difference(plan::Stage::Update);
    bench.step.update();
    return wrong.isEmpty() ? bench.difference(plan::Stage::Resident) : wrong;
}

double megabytes(Bytes bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace

class StepMemory : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }

    void everyNodeOfAStepHoldsWhatThePlanSays_data() {
        QTest::addColumn<Case>("which");
        for (const char* net : {"mlp", "cnn", "resnet20", "gpt_mini"})
            for (const auto precision : {plan::Precision::Fp32, plan::Precision::Bf16})
                for (const char* optimizer : {"sgd", "adamw"})
                    for (const int microBatches : {1, 4})
                        QTest::addRow("%s %s %s x%d", net, precision == plan::Precision::Bf16 ? "bf16" : "fp32", optimizer, microBatches)
                            << Case{net, optimizer, precision, microBatches};
        for (const char* net : {"mlp", "cnn", "resnet20", "gpt_mini"})
            for (const auto precision : {plan::Precision::Fp32, plan::Precision::Bf16})
                for (const char* recompute : {"cheap", "blocks"})
                    QTest::addRow("%s %s %s made again", net, precision == plan::Precision::Bf16 ? "bf16" : "fp32", recompute)
                        << Case{net, "adamw", precision, 2, recompute};
        using enum plan::Precision;
        const auto compact = [](const char* name, Case which) {
            for (const char* net : {"mlp", "cnn", "resnet20", "gpt_mini"}) {
                which.net = net;
                QTest::addRow("%s %s", net, name) << which;
            }
        };
        compact("fp32 adamw of 8 bits", {"", "adamw", Fp32, 1, "off", "8bit"});
        compact("bf16 adamw of 8 bits x4", {"", "adamw", Bf16, 4, "off", "8bit"});
        compact("fp32 sgd of bf16", {"", "sgd", Fp32, 1, "off", "bf16"});
        compact("bf16 weights, adamw of 8 bits", {"", "adamw", Bf16Weights, 1, "off", "8bit"});
        compact("bf16 weights, adamw of bf16 x4", {"", "adamw", Bf16Weights, 4, "off", "bf16"});
        compact("bf16 weights, sgd of fp32", {"", "sgd", Bf16Weights, 1, "off", "fp32"});
        compact("fp32 adamw in the backward pass", {"", "adamw", Fp32, 1, "off", "fp32", true});
        compact("bf16 weights, adamw of 8 bits in the backward pass, blocks made again", {"", "adamw", Bf16Weights, 1, "blocks", "8bit", true});
        compact("bf16 weights, adamw of 8 bits in the backward pass, chunked loss", {"", "adamw", Bf16Weights, 1, "off", "8bit", true, true});
        for (const char* net : {"mlp", "gpt_mini"})
            for (const auto precision : {plan::Precision::Fp32, plan::Precision::Bf16})
                for (const int microBatches : {1, 4})
                    QTest::addRow("%s %s chunked loss x%d", net, precision == plan::Precision::Bf16 ? "bf16" : "fp32", microBatches)
                        << Case{net, "adamw", precision, microBatches, "off", "fp32", false, true};
        for (const char* net : {"mlp", "cnn", "resnet20", "gpt_mini"})
            for (const auto precision : {plan::Precision::Fp32, plan::Precision::Bf16})
                for (const char* recompute : {"off", "cheap"})
                    QTest::addRow("%s %s offloaded, %s made again, x2", net, precision == plan::Precision::Bf16 ? "bf16" : "fp32", recompute)
                        << Case{net, "adamw", precision, 2, recompute, "fp32", false, false, "activations"};
        compact("fp32 adamw in the backward pass, offloaded", {"", "adamw", Fp32, 1, "off", "fp32", true, false, "activations"});
        for (const auto& [net, pattern] : {std::pair{"cnn", "conv1.*, bn1.*"}, {"resnet20", "*, !logits.*"}, {"resnet20", "*.conv1.*"}, {"gpt_mini", "*.c_attn.*, *.ln_1.*"}, {"gpt_mini", "*.weight, !*.ln_1.weight, !wte.*"}})
            for (const bool inBackward : {false, true})
                QTest::addRow("%s frozen: %s%s", net, pattern, inBackward ? ", in the backward pass" : "")
                    << Case{net, "adamw", Fp32, 1, "off", "fp32", inBackward, false, "off", false, pattern};
        compact("fp32 adamw outside", {"", "adamw", Fp32, 1, "off", "fp32", false, false, "off", true});
        compact("bf16 adamw of 8 bits in the backward pass, all outside", {"", "adamw", Bf16, 1, "off", "8bit", true, false, "activations", true});
    }
    void everyNodeOfAStepHoldsWhatThePlanSays() {
        QFETCH(Case, which);
        tensor::trimMemory();
        const process::MemoryGrowth process;
        tensor::resetPeak();
        const Bytes level = tensor::memoryCounts().liveTotal;
        {
            Bench bench(which);
            for (int step = 0; step < 2; ++step) {
                const QString wrong = stepDifference(bench);
                QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
            }
            const Bytes counted = tensor::memoryCounts().peakTotal - level, growth = process.most();
            const double off = std::abs(static_cast<double>(bench.step.planned().peak - counted));
            QVERIFY2(off <= std::max(kShare * static_cast<double>(counted), static_cast<double>(kLeast)), qPrintable(QString("planned %1, counted %2").arg(bench.step.planned().peak).arg(counted)));
            qInfo("planned peak %.2f MB, counted %.2f MB, process %.2f MB (%+.2f MB)", megabytes(bench.step.planned().peak),
                  megabytes(counted), megabytes(growth), megabytes(growth - bench.step.planned().peak));
        }
    }

    /// What is rounded has its place before the fp32 copies that it is computed from: above them it would leave holes.
    void thePoolsHoldWhatTheirModelSays_data() {
        QTest::addColumn<Case>("which");
        for (const auto precision : {plan::Precision::Fp32, plan::Precision::Bf16})
            QTest::newRow(precision == plan::Precision::Bf16 ? "bf16" : "fp32") << Case{"gpt_mini", "adamw", precision};
    }
    void thePoolsHoldWhatTheirModelSays() {
        QFETCH(Case, which);
        tensor::trimMemory();
        const Bytes before = tensor::memoryCounts().reserved;
        Bench bench(which);
        for (int step = 0; step < 2; ++step) {
            bench.step.passes(step);
            bench.step.update();
        }
        const Bytes held = tensor::memoryCounts().reserved - before, planned = plan::poolPeak(bench.step.planned());
        QVERIFY2(held <= planned + poolsBeyondPlan(which.precision), qPrintable(QString("planned %1, held %2").arg(planned).arg(held)));
    }
};

HEADROOM_TEST(StepMemory)
#include "tst_step_memory.moc"
