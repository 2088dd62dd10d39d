// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <random>
#include <set>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/plan/program.h"
#include "base/plan/recompute.h"
#include "core/base/graph/nets.h"
#include "core/base/plan/replay.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;
using graph::DType;
using graph::Graph;
using graph::kNone;
using graph::ValueId;
using headroom::test::shapeOf;

namespace {

const graph::Extents kExtents{{"batch", 5}, {"sequence", 7}};

Bytes sum(const BytesByKind& bytes) { return std::accumulate(bytes.begin(), bytes.end(), Bytes{0}); }

LowerOptions options(Precision precision = Precision::Fp32, Mode mode = Mode::Training) {
    LowerOptions out;
    out.precision = precision;
    out.mode = mode;
    out.extents = kExtents;
    return out;
}

const Instruction& find(const Graph& graph, const Program& program, std::string_view node, Instruction::What what) {
    for (const Instruction& each : program.instructions)
        if (each.what == what && graph.node(each.node).name == node) return each;
    throw std::logic_error("no such instruction");
}

const Slot& slotOf(const Graph& graph, const Program& program, std::string_view value) {
    return program.slots[static_cast<std::size_t>(program.valueSlots[static_cast<std::size_t>(graph.find(value))])];
}

/// A small graph for one question: x [batch, 4], a weight [4, 4], and a squared error at the end.
struct Small {
    Graph graph;
    ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,4")});
    ValueId weight = graph.addParameter("w", {DType::F32, graph::fixedShape({4, 4})}, {});

    ValueId add(const graph::OpEntry& op, const char* name, std::vector<ValueId> inputs) {
        return graph.addNode(op, name, std::move(inputs)).front();
    }
    ValueId product(const char* name, ValueId of) { return add(graph::kMatMul, name, {of, weight}); }
    void finish(ValueId prediction) {
        const ValueId target = graph.addInput("target", graph.value(prediction).type);
        graph.setOutputs({add(graph::kMeanSquaredError, "loss", {prediction, target}), prediction});
    }
};

void expectSound(const Graph& graph, const LowerOptions& how) {
    const Program program = lower(graph, how);
    const test::Replay replay(graph, program);
    if (!replay.faults().empty()) QFAIL(replay.faults().front().c_str());
    QCOMPARE(sum(program.atPeak), program.peak);
    QVERIFY(program.peak >= replay.peakAtBoundaries());
}

}  // namespace

class TestLower : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everySlotIsMadeOnceReleasedOnceAndCounted_data() {
        QTest::addColumn<int>("net");
        QTest::addColumn<bool>("fused");
        const auto nets = test::fourNets();
        for (std::size_t i = 0; i < nets.size(); ++i)
            for (const bool fused : {false, true})
                QTest::addRow("%s%s", nets[i].name.c_str(), fused ? " fused" : "") << static_cast<int>(i) << fused;
    }
    void everySlotIsMadeOnceReleasedOnceAndCounted() {
        QFETCH(int, net);
        QFETCH(bool, fused);
        Graph graph = test::trainingGraph(test::fourNets()[static_cast<std::size_t>(net)], 0.1);
        if (fused) graph = graph::fusedForTraining(graph);
        for (const Precision precision : {Precision::Fp32, Precision::Bf16, Precision::Bf16Weights})
            for (const Mode mode : {Mode::Training, Mode::Inference})
                for (const Gradients gradients : {Gradients::Absent, Gradients::First, Gradients::Present})
                    for (const graph::DeviceKind device : {graph::DeviceKind::Cpu, graph::DeviceKind::Cuda}) {
                        LowerOptions how = options(precision, mode);
                        how.gradients = gradients;
                        how.device = device;
                        expectSound(graph, how);
                    }
    }

    void whatIsMadeAgainIsSoundToo_data() { everySlotIsMadeOnceReleasedOnceAndCounted_data(); }
    void whatIsMadeAgainIsSoundToo() {
        QFETCH(int, net);
        QFETCH(bool, fused);
        Graph graph = test::trainingGraph(test::fourNets()[static_cast<std::size_t>(net)], 0.1);
        if (fused) graph = graph::fusedForTraining(graph);
        std::vector<std::vector<bool>> choices{blockNodes(graph), cheapNodes(graph), std::vector<bool>(graph.nodes().size(), true)};
        std::mt19937 random(5);
        for (int i = 0; i < 20; ++i) {
            choices.emplace_back();
            for (std::size_t node = 0; node < graph.nodes().size(); ++node) choices.back().push_back(random() % 2 == 0);
        }
        for (const Precision precision : {Precision::Fp32, Precision::Bf16})
            for (const std::vector<bool>& choice : choices) {
                LowerOptions how = options(precision);
                how.recompute = choice;
                expectSound(graph, how);
            }
    }

    void keptActivationsLiveToTheEnd() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        LowerOptions how = options();
        how.keep = {graph.find("conv1"), graph.find("relu3")};
        expectSound(graph, how);
        QCOMPARE(lower(graph, how).kept.size(), std::size_t{4});
    }

    void changesAddUpToWhatIsAlive() {
        const Graph graph = test::trainingGraph({"resnet20", test::pictures(3, 32)});
        const Program program = lower(graph, options(Precision::Bf16));
        BytesByKind live{};
        std::size_t next = 0;
        for (std::size_t i = 0; i < program.instructions.size(); ++i) {
            for (; next < program.changes.size() && program.changes[next].instruction <= i; ++next)
                live[static_cast<std::size_t>(program.changes[next].kind)] += program.changes[next].bytes;
            QVERIFY(live == program.instructions[i].liveAfter);
        }
        QCOMPARE(next, program.changes.size());
    }

    void aReluWritesOverAnInputThatNobodyElseNeeds() {
        Small net;
        net.finish(net.add(graph::kRelu, "relu", {net.product("p", net.x)}));
        const Program program = lower(net.graph, options());
        QVERIFY(find(net.graph, program, "relu", Instruction::What::Forward).writesInput);
        QVERIFY(slotOf(net.graph, program, "relu").aliasOf != kNone);
    }

    void aReluLeavesAnInputThatIsReadLater() {
        Small net;
        const ValueId p = net.product("p", net.x);
        net.finish(net.add(graph::kAdd, "sum", {net.add(graph::kRelu, "relu", {p}), p}));
        QVERIFY(!find(net.graph, lower(net.graph, options()), "relu", Instruction::What::Forward).writesInput);
        expectSound(net.graph, options());
    }

    void aReluLeavesWhatABackwardSaved() {
        Small net;
        const ValueId gelu = net.add(graph::kGelu, "gelu", {net.product("p", net.x)});
        // MatMul saves gelu; relu reads it afterwards.
        const ValueId second = net.product("q", gelu);
        net.finish(net.add(graph::kAdd, "sum", {second, net.add(graph::kRelu, "relu", {gelu})}));
        QVERIFY(!find(net.graph, lower(net.graph, options()), "relu", Instruction::What::Forward).writesInput);
        expectSound(net.graph, options());
    }

    void aReluLeavesTheBatchOfTheCaller() {
        Small net;
        net.finish(net.product("p", net.add(graph::kRelu, "relu", {net.x})));
        QVERIFY(!find(net.graph, lower(net.graph, options()), "relu", Instruction::What::Forward).writesInput);
    }

    void theInputOfAProductWithAFrozenWeightIsNotKept() {
        for (const bool frozen : {false, true}) {
            Small small;
            const ValueId second = small.graph.addParameter("second", {DType::F32, graph::fixedShape({4, 4})}, {});
            small.finish(small.add(graph::kMatMul, "product", {small.add(graph::kGelu, "gelu", {small.product("first", small.x)}), second}));
            small.graph.value(second).frozen = frozen;
            const Program program = lower(small.graph, options());
            const Instruction& back = find(small.graph, program, "product", Instruction::What::Backward);
            QCOMPARE(back.inputs[0] == kNone, frozen);
            QVERIFY(back.inputs[1] != kNone);  // the gradient goes on through it
        }
    }
    void aSumHandsItsGradientOnWithoutACopy() {
        Small net;
        const ValueId a = net.product("a", net.x);
        const ValueId b = net.product("b", net.x);
        net.finish(net.add(graph::kAdd, "sum", {a, b}));
        const Program program = lower(net.graph, options());
        const Instruction& add = find(net.graph, program, "sum", Instruction::What::Backward);
        for (const GradientTarget& target : add.inputGradients) {
            QVERIFY(target.action == GradientTarget::Action::Store);
            QCOMPARE(program.slots[static_cast<std::size_t>(target.slot)].aliasOf, add.outputGradients[0]);
        }
    }

    void aSumOfAValueWithItselfIsANewTensor() {
        Small net;
        const ValueId p = net.product("p", net.x);
        net.finish(net.add(graph::kAdd, "twice", {p, p}));
        const Program program = lower(net.graph, options());
        const Instruction& add = find(net.graph, program, "twice", Instruction::What::Backward);
        QVERIFY(add.inputGradients[0].action == GradientTarget::Action::Store);
        QVERIFY(add.inputGradients[1].action == GradientTarget::Action::AddNew);
        QCOMPARE(add.inputGradients[1].present, add.inputGradients[0].slot);
        expectSound(net.graph, options());
    }

    void aResidualBranchOfOneNodeAddsIntoANewTensor() {
        Small net;
        const ValueId p = net.product("p", net.x);
        net.finish(net.add(graph::kAdd, "sum", {p, net.product("q", p)}));
        const Program program = lower(net.graph, options());
        const Instruction& branch = find(net.graph, program, "q", Instruction::What::Backward);
        // The sum's gradient is still shared between p and q's output while q runs backward.
        QVERIFY(branch.inputGradients[0].action == GradientTarget::Action::AddNew);
        expectSound(net.graph, options());
    }

    void aLongerResidualBranchAddsInPlace() {
        Small net;
        const ValueId p = net.product("p", net.x);
        const ValueId gelu = net.add(graph::kGelu, "gelu", {net.product("q", p)});
        net.finish(net.add(graph::kAdd, "sum", {p, gelu}));
        const Program program = lower(net.graph, options());
        const Instruction& branch = find(net.graph, program, "q", Instruction::What::Backward);
        QVERIFY(branch.inputGradients[0].action == GradientTarget::Action::AddInPlace);
        expectSound(net.graph, options());
    }

    void aGradientThatIsOnlyHandedOnIsCopiedForAParameter() {
        Small net;
        const ValueId bias = net.graph.addParameter("b", {DType::F32, graph::fixedShape({1, 4})}, {});
        net.finish(net.add(graph::kAdd, "sum", {net.product("p", net.x), bias}));
        LowerOptions how = options();
        how.extents["batch"] = 1;
        const Program program = lower(net.graph, how);
        const Instruction& add = find(net.graph, program, "sum", Instruction::What::Backward);
        QVERIFY(add.inputGradients[1].action == GradientTarget::Action::StoreCopy);
        expectSound(net.graph, how);
    }

    void tiedParametersGetTheSumOfBothGradients() {
        const Graph graph = test::trainingGraph({"gpt_mini", test::text()});
        const Program program = lower(graph, options());
        const auto head = find(graph, program, "logits", Instruction::What::Backward).inputGradients[1];
        const auto rows = find(graph, program, "wte", Instruction::What::Backward).inputGradients[0];
        QVERIFY(head.action == GradientTarget::Action::Store && rows.action == GradientTarget::Action::AddInPlace);
        QCOMPARE(head.slot, rows.slot);
    }

    void aParameterIsUpdatedWhenItsLastGradientIsThere() {
        const Graph graph = test::trainingGraph({"gpt_mini", test::text()});
        LowerOptions how = options();
        how.optimizerInBackward = true;
        const Program program = lower(graph, how);
        const ValueId tied = graph.node(find(graph, program, "wte", Instruction::What::Backward).node).inputs[0];
        QVERIFY(std::ranges::count(find(graph, program, "logits", Instruction::What::Backward).updates, tied) == 0);
        QVERIFY(std::ranges::count(find(graph, program, "wte", Instruction::What::Backward).updates, tied) == 1);
    }

    void nobodyReadsAParameterAfterItsUpdateAndEachHasOne_data() { everySlotIsMadeOnceReleasedOnceAndCounted_data(); }
    void nobodyReadsAParameterAfterItsUpdateAndEachHasOne() {
        QFETCH(int, net);
        QFETCH(bool, fused);
        Graph graph = test::trainingGraph(test::fourNets()[static_cast<std::size_t>(net)], 0.1);
        if (fused) graph = graph::fusedForTraining(graph);
        for (const Precision precision : {Precision::Fp32, Precision::Bf16, Precision::Bf16Weights})
            for (const std::vector<bool>& recompute : {std::vector<bool>{}, cheapNodes(graph), blockNodes(graph)}) {
                LowerOptions how = options(precision);
                how.optimizerInBackward = true;
                how.recompute = recompute;
                expectSound(graph, how);
                const Program program = lower(graph, how);
                std::set<SlotId> updated;
                for (const Instruction& each : program.instructions) {
                    for (const SlotId slot : each.inputs) QVERIFY(!updated.contains(slot));
                    for (const Cast& cast : each.casts) QVERIFY(!updated.contains(cast.from));
                    for (const ValueId id : each.updates) QVERIFY(updated.insert(program.valueSlots[static_cast<std::size_t>(id)]).second);
                }
                QCOMPARE(updated.size(), graph.parameters().size());
                QCOMPARE(program.instructions.back().liveAfter[static_cast<std::size_t>(Kind::Gradients)], Bytes{0});
            }
    }

    void whatIsTakenFromAnInstructionOnIsTheMostAboveWhatWasThere() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        const Program program = lower(graph, options());
        QCOMPARE(takenFrom(program, 0), program.peak);
        const auto before = [&](std::size_t i) { return sum(program.instructions[i - 1].liveAfter); };
        QVERIFY(program.peakInstruction > 0);
        QCOMPARE(takenFrom(program, program.peakInstruction), program.peak - before(program.peakInstruction));
        QCOMPARE(takenFrom(program, program.instructions.size()), Bytes{0});
    }

    void nothingIsComputedForInputsAndTargets() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        const Program program = lower(graph, options());
        QVERIFY(find(graph, program, "conv1", Instruction::What::Backward).inputGradients[0].action ==
                GradientTarget::Action::Drop);
        QVERIFY(find(graph, program, "loss", Instruction::What::Backward).inputGradients[1].action ==
                GradientTarget::Action::Drop);
    }

    void laterMicroBatchesAddToTheGradientsThatAreThere() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        LowerOptions how = options();
        how.gradients = Gradients::Present;
        const Program program = lower(graph, how);
        for (const Instruction& each : program.instructions)
            for (std::size_t i = 0; i < each.inputGradients.size(); ++i)
                if (graph.value(graph.node(each.node).inputs[i]).kind == graph::ValueKind::Parameter)
                    QVERIFY(each.inputGradients[i].action == GradientTarget::Action::AddInPlace);
    }

    void inBf16ActivationsAreHalfAndParametersWhole() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        const Program program = lower(graph, options(Precision::Bf16));
        for (const char* name : {"input", "conv1", "bn1", "relu1", "pool1", "logits"})
            QVERIFY2(slotOf(graph, program, name).tensor.dtype == DType::BF16, name);
        for (const char* name : {"conv1.weight", "bn1.weight", "bn1.running_mean", "loss"})
            QVERIFY2(slotOf(graph, program, name).tensor.dtype == DType::F32, name);
        QVERIFY(slotOf(graph, program, "target").tensor.dtype == DType::I64);
    }

    void targetsOfARegressionStayWhole() {
        const Graph graph = test::trainingGraph({"mlp", test::table(8, 1, models::Task::Regression)});
        const Program program = lower(graph, options(Precision::Bf16));
        QVERIFY(slotOf(graph, program, "input").tensor.dtype == DType::BF16);
        QVERIFY(slotOf(graph, program, "target").tensor.dtype == DType::F32);
    }

    void aCastCopyLivesToTheBackwardInTrainingOnly() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        const auto castOf = [&](const Program& program) {
            const Instruction& conv = find(graph, program, "conv2", Instruction::What::Forward);
            const bool gone = std::ranges::find(conv.release, conv.casts.at(0).to) != conv.release.end();
            return std::pair{conv.casts[0].to, gone};
        };
        const Program training = lower(graph, options(Precision::Bf16));
        QVERIFY(!castOf(training).second);
        QCOMPARE(find(graph, training, "conv2", Instruction::What::Backward).inputs[1], castOf(training).first);
        QVERIFY(castOf(lower(graph, options(Precision::Bf16, Mode::Inference))).second);
    }

    void inInferenceNothingIsSavedAndDropoutIsItsInput() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)}, 0.5);
        const Program program = lower(graph, options(Precision::Fp32, Mode::Inference));
        QCOMPARE(program.instructions.size(), graph.nodes().size());
        for (const Instruction& each : program.instructions) QVERIFY(each.extras.empty());
        QVERIFY(slotOf(graph, program, "dropout").aliasOf != kNone);
        QVERIFY(program.peak < lower(graph, options()).peak);
    }

    void bf16HalvesTheActivations() {
        for (const test::NetCase& net : test::fourNets()) {
            const Graph graph = graph::fusedForTraining(test::trainingGraph(net));
            const auto activations = [&](Precision precision) {
                LowerOptions how = options(precision);
                how.extents = {{"batch", 64}, {"sequence", 128}};
                return static_cast<double>(lower(graph, how).atPeak[static_cast<std::size_t>(Kind::Activations)]);
            };
            const double ratio = activations(Precision::Bf16) / activations(Precision::Fp32);
            QVERIFY2(ratio > 0.45 && ratio < 0.7, net.name.c_str());
        }
    }

    void parametersThatOneProductAloneReadsAreKeptInBf16() {
        const Graph graph = graph::fusedForTraining(test::trainingGraph({"gpt_mini", test::text()}));
        const Program program = lower(graph, options(Precision::Bf16Weights));
        const auto typeOf = [&](std::string_view name) { return slotOf(graph, program, name).tensor.dtype; };
        QVERIFY(typeOf("h.0.attn.c_attn.weight") == graph::DType::BF16);
        QVERIFY(typeOf("h.0.attn.c_attn.bias") == graph::DType::BF16);
        QVERIFY(typeOf("h.0.ln_1.weight") == graph::DType::F32);  // a norm reads it in fp32
        QVERIFY(typeOf("wte.weight") == graph::DType::F32);       // looked up and multiplied with
        QVERIFY(typeOf("wpe.weight") == graph::DType::F32);
    }

    void aParameterInBf16NeedsNoCast() {
        const Graph graph = test::trainingGraph({"resnet20", test::pictures(3, 32)});
        const Program program = lower(graph, options(Precision::Bf16Weights));
        for (const Instruction& each : program.instructions)
            for (const Cast& cast : each.casts)
                QVERIFY(program.slots[static_cast<std::size_t>(cast.from)].kind != Kind::Weights);
    }

    void gradientsOfBf16ParametersAreBf16UnlessTheyAreSums() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        const ValueId weight = graph.find("conv2.weight");
        for (const Gradients gradients : {Gradients::Absent, Gradients::First, Gradients::Present}) {
            LowerOptions how = options(Precision::Bf16Weights);
            how.gradients = gradients;
            const Program program = lower(graph, how);
            const SlotId slot = program.gradientSlots[static_cast<std::size_t>(weight)];
            const auto wanted = gradients == Gradients::Absent ? graph::DType::BF16 : graph::DType::F32;
            QVERIFY(program.slots[static_cast<std::size_t>(slot)].tensor.dtype == wanted);
        }
    }
};

HEADROOM_TEST(TestLower)
#include "tst_lower.moc"
