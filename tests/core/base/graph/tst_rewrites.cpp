// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/rewrites/rewrite.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;
using headroom::test::shapeOf;

namespace {

std::map<std::string, int> operators(const Graph& graph) {
    std::map<std::string, int> counts;
    for (const Node& node : graph.nodes()) ++counts[std::string(node.op->name)];
    return counts;
}

std::vector<std::string> described(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> out;
    for (const ValueId id : ids) out.push_back(graph.value(id).name + toString(graph.value(id).type.shape));
    return out;
}

void sameOutside(const Graph& a, const Graph& b) {
    QCOMPARE(described(a, a.inputs()), described(b, b.inputs()));
    QCOMPARE(described(a, a.parameters()), described(b, b.parameters()));
    QCOMPARE(described(a, a.buffers()), described(b, b.buffers()));
    QCOMPARE(described(a, a.outputs()), described(b, b.outputs()));
}

/// x -> linear layer -> cross-entropy; the loss alone is an output.
struct Classifier {
    Graph graph;
    ValueId x, weight, bias, target;

    explicit Classifier(const std::string& weightShape = "8,4") {
        x = graph.addInput("x", {DType::F32, shapeOf("batch,8")});
        weight = graph.addParameter("w", {DType::F32, shapeOf(weightShape)}, {});
        bias = graph.addParameter("b", {DType::F32, fixedShape({4})}, {});
        target = graph.addInput("target", {DType::I64, shapeOf("batch")});
    }
    /// The logits.
    ValueId linear(const OpEntry& op, std::vector<ValueId> inputs, Attributes attributes = {}) {
        const ValueId logits = graph.addNode(op, "logits", std::move(inputs), std::move(attributes)).front();
        graph.setOutputs(graph.addNode(kSoftmaxCrossEntropy, "loss", {logits, target}, {{"label_smoothing", 0.1}}));
        return logits;
    }
};

/// x -> BatchNormalization, ready for more.
struct Normed {
    Graph graph;
    ValueId x, y;

    explicit Normed(const std::string& shape = "batch,4,8,8") {
        x = graph.addInput("x", {DType::F32, shapeOf(shape)});
        std::vector<ValueId> inputs{x};
        const TensorType type{DType::F32, fixedShape({4})};
        for (const char* name : {"scale", "bias"}) inputs.push_back(graph.addParameter(name, type, {}));
        for (const char* name : {"mean", "var"}) inputs.push_back(graph.addBuffer(name, type, {}));
        y = graph.addNode(kBatchNormalization, "norm", inputs, {{"epsilon", 1e-3}}).front();
    }
    ValueId relu(ValueId of, const char* name = "relu") { return graph.addNode(kRelu, name, {of}).front(); }
    ValueId add(ValueId a, ValueId b) { return graph.addNode(kAdd, "add", {a, b}).front(); }
};

}  // namespace

class TestRewrites : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNormAndItsReluBecomeOneNode() {
        Normed net;
        net.graph.setOutputs({net.relu(net.y)});
        const Graph fused = apply(net.graph, kFuseBatchNormRelu);
        QCOMPARE(operators(fused), (std::map<std::string, int>{{"BatchNormRelu", 1}}));
        QCOMPARE(fused.node(0).real("epsilon", 0), 1e-3);
        QCOMPARE(fused.node(0).name, std::string("relu"));
        sameOutside(net.graph, fused);
    }

    void aFrozenNormKeepsItsStatistics() {
        Normed net;
        net.graph.setOutputs({net.relu(net.y)});
        QCOMPARE(operators(apply(net.graph, kFixBatchNorm)), operators(net.graph));
        const Node& norm = net.graph.node(net.graph.value(net.y).producer);
        net.graph.value(norm.inputs[1]).frozen = true;
        QCOMPARE(operators(apply(net.graph, kFixBatchNorm)), operators(net.graph));
        net.graph.value(norm.inputs[2]).frozen = true;
        const Graph fixed = fusedForTraining(net.graph);
        QCOMPARE(operators(fixed), (std::map<std::string, int>{{"FixedBatchNorm", 1}, {"Relu", 1}}));
        sameOutside(net.graph, fixed);
        QVERIFY(fixed.trained().empty());
    }

    void aNormThatSomebodyElseReadsIsLeftAlone() {
        Normed net;
        const ValueId relu = net.relu(net.y);
        net.graph.setOutputs({net.add(relu, net.y)});
        QCOMPARE(operators(apply(net.graph, kFuseBatchNormRelu)), operators(net.graph));
    }

    void aNormThatIsAnOutputIsLeftAlone() {
        Normed net;
        net.graph.setOutputs({net.relu(net.y), net.y});
        QCOMPARE(operators(apply(net.graph, kFuseBatchNormRelu)), operators(net.graph));
    }

    void aReluOfSomethingElseIsLeftAlone() {
        Normed net;
        net.graph.setOutputs({net.relu(net.add(net.y, net.x))});
        QCOMPARE(operators(apply(net.graph, kFuseBatchNormRelu)), operators(net.graph));
    }

    void aResidualSumIsFusedOnEitherSide_data() {
        QTest::addColumn<bool>("normFirst");
        QTest::newRow("norm + x") << true;
        QTest::newRow("x + norm") << false;
    }
    void aResidualSumIsFusedOnEitherSide() {
        QFETCH(bool, normFirst);
        Normed net;
        net.graph.setOutputs({net.relu(normFirst ? net.add(net.y, net.x) : net.add(net.x, net.y))});
        const Graph fused = apply(net.graph, kFuseBatchNormAddRelu);
        QCOMPARE(operators(fused), (std::map<std::string, int>{{"BatchNormAddRelu", 1}}));
        QCOMPARE(fused.value(fused.node(0).inputs[5]).name, std::string("x"));
        sameOutside(net.graph, fused);
    }

    void aBroadcastSumIsLeftAlone() {
        Normed net;
        const ValueId scalar = net.graph.addInput("s", {DType::F32, fixedShape({1})});
        net.graph.setOutputs({net.relu(net.add(net.y, scalar))});
        QCOMPARE(operators(apply(net.graph, kFuseBatchNormAddRelu)), operators(net.graph));
    }

    void aSumThatSomebodyElseReadsIsLeftAlone() {
        Normed net;
        const ValueId sum = net.add(net.y, net.x);
        net.graph.setOutputs({net.relu(sum), net.relu(sum, "second")});
        QCOMPARE(operators(apply(net.graph, kFuseBatchNormAddRelu)), operators(net.graph));
    }

    void aProductAndItsBiasBecomeOneNode() {
        Graph graph;
        const ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,sequence,8")});
        const ValueId weight = graph.addParameter("w", {DType::F32, fixedShape({8, 4})}, {});
        const ValueId bias = graph.addParameter("b", {DType::F32, fixedShape({4})}, {});
        const ValueId product = graph.addNode(kMatMul, "product", {x, weight}).front();
        graph.setOutputs(graph.addNode(kAdd, "sum", {bias, product}));
        const Graph fused = apply(graph, kFuseLinear);
        QCOMPARE(operators(fused), (std::map<std::string, int>{{"Linear", 1}}));
        sameOutside(graph, fused);
    }

    void aProductPlusAnythingButABiasIsLeftAlone() {
        Graph graph;
        const ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,8")});
        const ValueId weight = graph.addParameter("w", {DType::F32, fixedShape({8, 8})}, {});
        const ValueId product = graph.addNode(kMatMul, "product", {x, weight}).front();
        const ValueId sum = graph.addNode(kAdd, "sum", {product, x}).front();
        const ValueId one = graph.addParameter("one", {DType::F32, fixedShape({1})}, {});
        const ValueId second = graph.addNode(kMatMul, "second", {sum, weight}).front();
        graph.setOutputs(graph.addNode(kAdd, "broadcast", {second, one}));
        QCOMPARE(operators(apply(graph, kFuseLinear)), operators(graph));
    }

    void aLinearLayerAndItsCrossEntropyBecomeOneNode_data() {
        QTest::addColumn<int>("which");
        for (const auto& [which, name] : {std::pair(0, "MatMul"), {1, "Linear"}, {2, "Gemm with bias"}, {3, "Gemm, transposed"}})
            QTest::newRow(name) << which;
    }
    void aLinearLayerAndItsCrossEntropyBecomeOneNode() {
        QFETCH(int, which);
        Classifier net(which == 3 ? "4,8" : "8,4");
        if (which == 0) net.linear(kMatMul, {net.x, net.weight});
        if (which == 1) net.linear(kLinear, {net.x, net.weight, net.bias});
        if (which == 2) net.linear(kGemm, {net.x, net.weight, net.bias});
        if (which == 3) net.linear(kGemm, {net.x, net.weight}, {{"transB", std::int64_t{1}}});
        const Graph fused = apply(net.graph, kFuseLinearCrossEntropy);
        QCOMPARE(operators(fused), (std::map<std::string, int>{{"LinearCrossEntropy", 1}}));
        const Node& node = fused.node(0);
        QCOMPARE(node.name, std::string("loss"));
        QCOMPARE(node.real("label_smoothing", 0), 0.1);
        QCOMPARE(node.integer("transB", 0), std::int64_t{which == 3});
        QCOMPARE(node.inputs.size(), which == 1 || which == 2 ? std::size_t{4} : std::size_t{3});
        sameOutside(net.graph, fused);
    }

    void logitsThatAreAnOutputOrHaveAnotherReaderStayWhole() {
        Classifier net;
        const ValueId logits = net.linear(kMatMul, {net.x, net.weight});
        const ValueId loss = net.graph.outputs().front();
        net.graph.setOutputs({loss, logits});
        QCOMPARE(operators(apply(net.graph, kFuseLinearCrossEntropy)), operators(net.graph));
        net.graph.setOutputs({loss, net.graph.addNode(kRelu, "relu", {logits}).front()});
        QCOMPARE(operators(apply(net.graph, kFuseLinearCrossEntropy)), operators(net.graph));
    }

    void aCrossEntropyThatIgnoresTargetsIsLeftAlone() {
        Classifier net;
        const ValueId logits = net.graph.addNode(kMatMul, "logits", {net.x, net.weight}).front();
        net.graph.setOutputs(net.graph.addNode(kSoftmaxCrossEntropy, "loss", {logits, net.target}, {{"ignore_index", std::int64_t{255}}}));
        QCOMPARE(operators(apply(net.graph, kFuseLinearCrossEntropy)), operators(net.graph));
    }

    void aScaledLinearLayerIsLeftAlone() {
        for (const Attributes& attributes : {Attributes{{"alpha", 0.5}}, Attributes{{"beta", 2.0}}}) {
            Classifier net;
            net.linear(kGemm, {net.x, net.weight, net.bias}, attributes);
            QCOMPARE(operators(apply(net.graph, kFuseLinearCrossEntropy)), operators(net.graph));
        }
    }

    void aProductOfTwoActivationsIsLeftAlone() {
        Classifier net;
        const ValueId weight = net.graph.addNode(kRelu, "relu", {net.weight}).front();
        net.linear(kMatMul, {net.x, weight});
        QCOMPARE(operators(apply(net.graph, kFuseLinearCrossEntropy)), operators(net.graph));
    }

    void whatNoNodeMakesKeepsItsPlaceInAGraphThatWasRewritten() {
        for (const test::NetCase& net : test::fourNets()) {
            Graph before = fusedForTraining(test::trainingGraph(net, 0.1));
            before.setOutputs({before.outputs().front()});
            const Graph after = apply(before, kFuseLinearCrossEntropy);
            QCOMPARE(operators(after).count("LinearCrossEntropy"), operators(before).count("SoftmaxCrossEntropy"));
            QVERIFY(before.inputs() == after.inputs() && before.parameters() == after.parameters() && before.buffers() == after.buffers());
            sameOutside(before, after);
        }
    }

    void theNetsKeepInputsParametersAndOutputs() {
        for (const test::NetCase& net : test::fourNets()) {
            const Graph graph = test::trainingGraph(net, 0.1);
            const Graph fused = fusedForTraining(graph);
            sameOutside(graph, fused);
            QVERIFY(fused.nodes().size() < graph.nodes().size());
            QCOMPARE(operators(fused).count("BatchNormalization"), std::size_t(net.name == "resnet20" ? 1 : 0));
            QCOMPARE(operators(fused).count("MatMul"), std::size_t{0});
        }
    }

    void theResidualNetKeepsOnlyTheNormsOfItsShortCuts() {
        const Graph fused = fusedForTraining(test::trainingGraph({"resnet20", test::pictures(3, 32)}));
        auto counts = operators(fused);
        QCOMPARE(counts["BatchNormAddRelu"], 9);
        QCOMPARE(counts["BatchNormRelu"], 10);
        QCOMPARE(counts["BatchNormalization"], 2);
        QCOMPARE(counts["Relu"] + counts["Add"], 0);
    }
};

HEADROOM_TEST(TestRewrites)
#include "tst_rewrites.moc"
