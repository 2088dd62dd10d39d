// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "core/engine/run/nets.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

using namespace headroom;
using plan::Gradients;
using plan::Kind;
using plan::Precision;

namespace {

const char* const kNets[] = {"mlp", "cnn", "resnet20", "gpt_mini"};

void netRows() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("low");
    for (const char* name : kNets)
        for (const bool low : {false, true}) QTest::addRow("%s %s", name, low ? "bf16" : "fp32") << QString(name) << low;
}

/// Every architecture that there is.
void architectureRows() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("low");
    for (const models::Architecture& each : models::architectures())
        for (const bool low : {false, true})
            QTest::addRow("%s %s", each.name.data(), low ? "bf16" : "fp32") << QString(each.name.data()) << low;
}

/// And with the loss in chunks.
void netRowsBothWays() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("low");
    QTest::addColumn<bool>("chunked");
    for (const char* name : kNets)
        for (const bool low : {false, true})
            for (const bool chunked : {false, true})
                QTest::addRow("%s %s%s", name, low ? "bf16" : "fp32", chunked ? " chunked" : "") << QString(name) << low << chunked;
}

Precision precisionOf(bool low) { return low ? Precision::Bf16 : Precision::Fp32; }

double lossOf(run::Executor& executor, const plan::Program& program, run::TensorSet& tensors, const std::vector<at::Tensor>& inputs) {
    return executor.run(program, tensors, inputs, {1, 0, {}})[0].item<double>();
}

/// Cosine of the angle between two gradients, and the ratio of their lengths.
std::pair<double, double> likeness(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble).reshape(-1), y = b.to(at::kDouble).reshape(-1);
    const double dot = x.dot(y).item<double>(), lengths = std::sqrt(x.dot(x).item<double>() * y.dot(y).item<double>());
    return {lengths > 0 ? dot / lengths : 1, std::sqrt(x.dot(x).item<double>() / std::max(1e-300, y.dot(y).item<double>()))};
}

/// All gradients of a graph as one vector, in the order of the names of `order`'s parameters.
at::Tensor allGradients(const graph::Graph& graph, const run::TensorSet& tensors, const graph::Graph& order) {
    std::vector<at::Tensor> parts;
    for (const graph::ValueId id : order.parameters())
        parts.push_back(tensors.gradients[static_cast<std::size_t>(graph.find(order.value(id).name))].reshape(-1));
    return at::cat(parts);
}

/// The loss and all gradients of one micro-batch.
struct Made {
    double loss;
    at::Tensor gradients;
};
Made made(const test::Net& net, bool low, double lossScale) {
    const plan::Program program = test::lowered(net, net.graph, precisionOf(low));
    run::TensorSet tensors = test::initialised(net.graph);
    run::Executor executor(net.graph);
    const double loss = executor.run(program, tensors, test::madeUpInputs(net, net.graph, program), {1, 0, {}}, lossScale)[0].item<double>();
    return {loss, allGradients(net.graph, tensors, net.graph)};
}

/// Bytes of each kind that the program allocates; others (the test's own) are not looked at.
bool countsEqual(const plan::BytesByKind& counted, const plan::BytesByKind& planned, const plan::BytesByKind& before) {
    for (const Kind kind : {Kind::Weights, Kind::Gradients, Kind::Activations, Kind::Batches}) {
        const auto k = static_cast<std::size_t>(kind);
        if (counted[k] - before[k] != planned[k]) return false;
    }
    return counted[static_cast<std::size_t>(Kind::Workspace)] == before[static_cast<std::size_t>(Kind::Workspace)];
}

QString described(const plan::BytesByKind& counted, const plan::BytesByKind& planned, const plan::BytesByKind& before) {
    QString text;
    for (std::size_t k = 0; k < plan::kKinds; ++k)
        text += QString("%1: counted %2, planned %3; ").arg(QString::fromUtf8(plan::name(static_cast<Kind>(k)).data())).arg(counted[k] - before[k]).arg(planned[k]);
    return text;
}

}  // namespace

class NodeExecutor : public QObject {
    Q_OBJECT

    void holdsWhatThePlanSays(const test::Net& net, Precision precision) {
        const plan::BytesByKind before = tensor::memoryCounts().live;
        run::TensorSet tensors = test::initialised(net.graph);
        run::Executor executor(net.graph);
        for (const Gradients gradients : {Gradients::Absent, Gradients::Present}) {
            const plan::Program program = test::lowered(net, net.graph, precision, gradients);
            std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, program);
            QVERIFY2(countsEqual(tensor::memoryCounts().live, program.liveBefore, before),
                     qPrintable(described(tensor::memoryCounts().live, program.liveBefore, before)));
            QString wrong;
            executor.run(program, tensors, inputs, {1, 0, {}}, 1, [&](std::size_t i) {
                const plan::BytesByKind live = tensor::memoryCounts().live;
                if (wrong.isEmpty() && !countsEqual(live, program.instructions[i].liveAfter, before))
                    wrong = QString::fromStdString(net.graph.node(program.instructions[i].node).name) + ": " +
                            described(live, program.instructions[i].liveAfter, before);
            });
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        }
    }

private Q_SLOTS:
    void initTestCase() {
        tensor::installAllocator();
        at::set_num_threads(1);  // small tensors; that results do not depend on it is tested with the operators
    }

    /// A7: what the plan says, byte for byte, at every node boundary, for the first and for a later micro-batch.
    void countedBytesEqualThePlanAtEveryNode_data() { netRowsBothWays(); }
    void countedBytesEqualThePlanAtEveryNode() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        QFETCH(bool, chunked);
        const test::Net plain = test::makeNet(name.toStdString(), 3, true);
        holdsWhatThePlanSays(chunked ? test::withChunkedLoss(plain) : plain, precisionOf(low));
    }
    void countedBytesOfEveryArchitectureEqualThePlan_data() { architectureRows(); }
    void countedBytesOfEveryArchitectureEqualThePlan() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        holdsWhatThePlanSays(test::makeNet(name.toStdString(), 3, true), precisionOf(low));
    }

    void boundsThatTheGraphHoldsAsConstantsClip() {
        graph::Graph graph;
        const graph::ValueId x = graph.addInput("x", {graph::DType::F32, graph::fixedShape({2, 2})});
        const auto number = [&](const char* name, double value) { return graph.addConstant(name, {graph::DType::F32, {}}, {}, {value}); };
        graph.setOutputs(graph.addNode(*graph::findOp("Clip"), "clip", {x, number("least", 0), number("most", 6)}));
        plan::LowerOptions options;
        options.mode = plan::Mode::Inference;
        const plan::Program program = plan::lower(graph, options);
        run::TensorSet tensors = test::initialised(graph);
        run::Executor executor(graph);
        const at::Tensor y = executor.run(program, tensors, {at::tensor({-1.0F, 0.5F, 6.5F, 3.0F}).view({2, 2})}, {})[0];
        QVERIFY(y.equal(at::tensor({0.0F, 0.5F, 6.0F, 3.0F}).view({2, 2})));
    }

    void afterAnAllocationFailureNothingIsHeldAndTheNextRunIsTheSame_data() { netRowsBothWays(); }
    void afterAnAllocationFailureNothingIsHeldAndTheNextRunIsTheSame() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        QFETCH(bool, chunked);
        const test::Net plain = test::makeNet(name.toStdString(), 3, true), net = chunked ? test::withChunkedLoss(plain) : plain;
        const plan::Program program = test::lowered(net, net.graph, precisionOf(low));
        const std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, program);
        run::TensorSet tensors = test::initialised(net.graph);
        run::Executor executor(net.graph);
        const std::uint64_t first = tensor::memoryCounts().allocations;
        const double expected = lossOf(executor, program, tensors, inputs);
        const auto allocations = static_cast<std::int64_t>(tensor::memoryCounts().allocations - first);
        tensors = test::initialised(net.graph);
        const plan::BytesByKind level = tensor::memoryCounts().live;
        for (std::int64_t at = 1; at <= allocations; at += std::max<std::int64_t>(1, allocations / 12)) {
            tensor::injectAllocationFault(at, tensor::FaultMode::Persistent);
            bool refused = false;
            try {
                executor.run(program, tensors, inputs, {1, 0, {}});
            } catch (const Error& error) {
                refused = error.code() == Code::Mem01 && !error.failures().front().subject.empty();
            }
            const bool fired = tensor::allocationFaultFired();
            tensor::injectAllocationFault(0, tensor::FaultMode::Once);
            QVERIFY(fired);
            QVERIFY(refused);
            QVERIFY(tensor::memoryCounts().live == level);
        }
        QCOMPARE(lossOf(executor, program, tensors, inputs), expected);
    }

    void aBudgetBelowThePlanEndsWithTheNodeThatDidNotFit() {
        const test::Net net = test::makeNet("resnet20", 4, true);
        const plan::Program program = test::lowered(net, net.graph, Precision::Fp32);
        const std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, program);
        run::TensorSet tensors = test::initialised(net.graph);
        run::Executor executor(net.graph);
        Bytes before = 0;
        for (const Bytes bytes : program.liveBefore) before += bytes;
        tensor::setMemoryBudget(tensor::memoryCounts().liveTotal + (program.peak - before) / 2);
        QVERIFY_EXCEPTION_THROWN(executor.run(program, tensors, inputs, {1, 0, {}}), Error);
        tensor::setMemoryBudget(0);
        executor.run(program, tensors, inputs, {1, 0, {}});
    }

    void gradientsOfWholeNetsEqualFiniteDifferences_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : kNets) QTest::newRow(name) << QString(name);
    }
    void gradientsOfWholeNetsEqualFiniteDifferences() {
        QFETCH(QString, name);
        const test::Net net = test::makeNet(name.toStdString(), 6, true);
        const plan::Program program = test::lowered(net, net.graph, Precision::Fp32);
        const std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, program);
        run::TensorSet tensors = test::initialised(net.graph);
        run::Executor executor(net.graph);
        lossOf(executor, program, tensors, inputs);
        const std::vector<at::Tensor> gradients = tensors.gradients;
        // Along the gradient itself the loss changes by its squared length, far above the rounding of fp32 (1e-6 of
        // a loss of some tens); the step is small enough that few ReLUs change sides.
        for (const graph::ValueId id : net.graph.parameters()) {
            const auto at = static_cast<std::size_t>(id);
            const at::Tensor direction = gradients[at].clone();
            const double square = direction.to(at::kDouble).pow(2).sum().item<double>();
            if (square < 1e-4) continue;  // a bias in front of a norm: the gradient is 0 but for rounding
            const double step = 2e-2 / std::sqrt(square) * std::min(1.0, 0.2 / std::sqrt(square)) ;
            const at::Tensor kept = tensors.values[at].clone();
            tensors.values[at].add_(direction, step);
            const double above = lossOf(executor, program, tensors, inputs);
            tensors.values[at].copy_(kept).sub_(direction, step);
            const double below = lossOf(executor, program, tensors, inputs);
            tensors.values[at].copy_(kept);
            const double found = (above - below) / (2 * step);
            QVERIFY2(std::abs(found - square) < 0.03 * square + 2e-3,
                     qPrintable(QString("%1: %2 against %3").arg(QString::fromStdString(net.graph.value(id).name)).arg(found).arg(square)));
        }
    }

    void fusionChangesNothing_data() { netRows(); }
    void fusionChangesNothing() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        const test::Net net = test::makeNet(name.toStdString(), 6, true);
        std::vector<run::TensorSet> sets;
        std::vector<double> losses;
        for (const graph::Graph* graph : {&net.graph, &net.unfused}) {
            const plan::Program program = test::lowered(net, *graph, precisionOf(low));
            sets.push_back(test::initialised(*graph));
            run::Executor executor(*graph);
            losses.push_back(lossOf(executor, program, sets.back(), test::madeUpInputs(net, *graph, program)));
        }
        // The same sums in another order: fp32 rounding, or bf16 roundings that fusion leaves out.
        QVERIFY2(std::abs(losses[0] - losses[1]) < (low ? 2e-2 : 1e-5) * std::abs(losses[1]), qPrintable(QString("%1 %2").arg(losses[0]).arg(losses[1])));
        const auto [cosine, ratio] = likeness(allGradients(net.graph, sets[0], net.graph), allGradients(net.unfused, sets[1], net.graph));
        QVERIFY2(cosine > (low ? 0.9 : 0.99999) && std::abs(ratio - 1) < (low ? 0.1 : 1e-4), qPrintable(QString("cosine %1, ratio %2").arg(cosine).arg(ratio)));
    }

    void aChunkedLossOfOneChunkChangesNoBit_data() { netRows(); }
    void aChunkedLossOfOneChunkChangesNoBit() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        // The same products; the gradients are multiplied by the share in another place, which is exact for a power of two.
        const Made plain = made(test::makeNet(name.toStdString(), 6, true), low, 0.125);
        const Made chunked = made(test::withChunkedLoss(test::makeNet(name.toStdString(), 6, true)), low, 0.125);
        QCOMPARE(chunked.loss, plain.loss);
        QVERIFY(chunked.gradients.equal(plain.gradients));
    }

    void aChunkedLossEqualsThePlainOne_data() { netRows(); }
    void aChunkedLossEqualsThePlainOne() {
        QFETCH(QString, name);
        QFETCH(bool, low);
        const std::int64_t batch = name == "gpt_mini" ? 40 : 300;  // several chunks
        const Made plain = made(test::makeNet(name.toStdString(), batch, true), low, 1.0 / 300);
        const Made chunked = made(test::withChunkedLoss(test::makeNet(name.toStdString(), batch, true)), low, 1.0 / 300);
        // The same numbers added in another order: fp32 rounding; in bf16 one more rounding of the gradient that goes on, 2^-9.
        QVERIFY2(std::abs(chunked.loss - plain.loss) <= 1e-6 * std::abs(plain.loss), qPrintable(QString("%1 %2").arg(chunked.loss).arg(plain.loss)));
        const auto [cosine, ratio] = likeness(chunked.gradients, plain.gradients);
        QVERIFY2(cosine > (low ? 0.999 : 0.999999) && std::abs(ratio - 1) < (low ? 4e-3 : 1e-5), qPrintable(QString("cosine %1, ratio %2").arg(cosine, 0, 'g', 12).arg(ratio)));
    }

    void bf16GradientsPointWhereThoseOfFp32Do_data() { gradientsOfWholeNetsEqualFiniteDifferences_data(); }
    void bf16GradientsPointWhereThoseOfFp32Do() {
        QFETCH(QString, name);
        const test::Net net = test::makeNet(name.toStdString(), 16, true);
        std::vector<run::TensorSet> sets;
        std::vector<double> losses;
        for (const bool low : {false, true}) {
            const plan::Program program = test::lowered(net, net.graph, precisionOf(low));
            sets.push_back(test::initialised(net.graph));
            run::Executor executor(net.graph);
            losses.push_back(lossOf(executor, program, sets.back(), test::madeUpInputs(net, net.graph, program)));
        }
        // bf16 keeps 8 bits: 0.4 % a rounding, some tens of roundings deep, mostly of opposite signs.
        QVERIFY2(std::abs(losses[1] - losses[0]) < 0.02 * std::abs(losses[0]), qPrintable(QString("%1 %2").arg(losses[0]).arg(losses[1])));
        const auto [cosine, ratio] = likeness(allGradients(net.graph, sets[1], net.graph), allGradients(net.graph, sets[0], net.graph));
        QVERIFY2(cosine > 0.9 && std::abs(ratio - 1) < 0.1, qPrintable(QString("cosine %1, ratio %2").arg(cosine).arg(ratio)));
    }

    void bf16WeightsGiveTheSameLossAndGradientsAsTheirCasts_data() { gradientsOfWholeNetsEqualFiniteDifferences_data(); }
    void bf16WeightsGiveTheSameLossAndGradientsAsTheirCasts() {
        QFETCH(QString, name);
        const test::Net net = test::makeNet(name.toStdString(), 6, true);
        std::vector<run::TensorSet> sets;
        std::vector<double> losses;
        for (const Precision precision : {Precision::Bf16, Precision::Bf16Weights}) {
            const plan::Program program = test::lowered(net, net.graph, precision);
            sets.push_back(test::initialised(net.graph, 1, precision));
            run::Executor executor(net.graph);
            losses.push_back(lossOf(executor, program, sets.back(), test::madeUpInputs(net, net.graph, program)));
        }
        QCOMPARE(losses[1], losses[0]);
        for (const graph::ValueId id : net.graph.parameters()) {  // rounded once, where the kernel computes in fp32
            const at::Tensor &held = sets[1].gradients[static_cast<std::size_t>(id)], &wide = sets[0].gradients[static_cast<std::size_t>(id)];
            QVERIFY2(held.equal(wide.to(held.scalar_type())), net.graph.value(id).name.c_str());
        }
    }

    void aSecondMicroBatchAddsItsGradients() {
        const test::Net net = test::makeNet("cnn", 4, true);
        const plan::Program first = test::lowered(net, net.graph, Precision::Fp32);
        const plan::Program next = test::lowered(net, net.graph, Precision::Fp32, Gradients::Present);
        const std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, first);
        run::TensorSet tensors = test::initialised(net.graph);
        run::Executor executor(net.graph);
        executor.run(first, tensors, inputs, {1, 0, {}}, 0.25);
        std::vector<at::Tensor> once;
        for (const graph::ValueId id : net.graph.parameters()) once.push_back(tensors.gradients[static_cast<std::size_t>(id)].clone());
        executor.run(next, tensors, inputs, {1, 0, {}}, 0.25);
        std::size_t at = 0;
        for (const graph::ValueId id : net.graph.parameters()) {
            const auto [cosine, ratio] = likeness(tensors.gradients[static_cast<std::size_t>(id)], once[at++]);
            QVERIFY(cosine > 0.99999 && std::abs(ratio - 2) < 1e-4);
        }
    }

    void dropoutDoesNotDependOnTheMicroBatchAndChangesWithTheStep() {
        const test::Net whole = test::makeNet("mlp", 8, true, 0.3), half = test::makeNet("mlp", 4, true, 0.3);
        const plan::Program program = test::lowered(whole, whole.graph, Precision::Fp32);
        const std::vector<at::Tensor> inputs = test::madeUpInputs(whole, whole.graph, program);
        run::TensorSet tensors = test::initialised(whole.graph);
        run::Executor executor(whole.graph);
        const std::vector<std::int64_t> samples{0, 1, 2, 3, 4, 5, 6, 7};
        const auto lossAt = [&](std::int64_t step) { return executor.run(program, tensors, inputs, {1, step, samples})[0].item<double>(); };
        QCOMPARE(lossAt(3), lossAt(3));
        QVERIFY(lossAt(3) != lossAt(4));
    }

    void outsideTrainingRunningStatisticsAreUsedAndNothingChanges() {
        const test::Net net = test::makeNet("cnn", 4, true);
        const plan::Program program = test::lowered(net, net.graph, Precision::Fp32, Gradients::Absent, plan::Mode::Inference);
        run::TensorSet tensors = test::initialised(net.graph);
        std::vector<at::Tensor> buffers;
        for (const graph::ValueId id : net.graph.buffers()) buffers.push_back(tensors.values[static_cast<std::size_t>(id)].clone());
        run::Executor executor(net.graph);
        const std::vector<at::Tensor> results = executor.run(program, tensors, test::madeUpInputs(net, net.graph, program), {});
        QCOMPARE(results.size(), std::size_t{2});
        QVERIFY(results[1].size(0) == 4 && results[1].isfinite().all().item<bool>());
        std::size_t at = 0;
        for (const graph::ValueId id : net.graph.buffers()) QVERIFY(tensors.values[static_cast<std::size_t>(id)].equal(buffers[at++]));
    }

    void initialWeightsAreAFunctionOfSeedAndName() {
        const test::Net net = test::makeNet("cnn", 4, true);
        const run::TensorSet a = test::initialised(net.graph, 5), b = test::initialised(net.unfused, 5), c = test::initialised(net.graph, 6);
        for (const graph::ValueId id : net.graph.parameters()) {
            const graph::Value& value = net.graph.value(id);
            const at::Tensor& one = a.values[static_cast<std::size_t>(id)];
            QVERIFY(one.equal(b.values[static_cast<std::size_t>(net.unfused.find(value.name))]));
            QVERIFY(tensor::isInLayout(one));
            const bool drawn = value.initializer.kind != graph::Initializer::Kind::Zeros && value.initializer.kind != graph::Initializer::Kind::Ones;
            QCOMPARE(one.equal(c.values[static_cast<std::size_t>(id)]), !drawn);
        }
    }
};

HEADROOM_TEST(NodeExecutor)
#include "tst_executor.moc"
