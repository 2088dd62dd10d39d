// SPDX-License-Identifier: Apache-2.0
#include "base/models/adapted.h"

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/shape.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/models/cut.h"
#include "base/models/freezing.h"
#include "base/models/lora.h"
#include "base/models/weight_names.h"
#include "core/base/graph/nets.h"
#include "support/refusal.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;
using graph::Dim;
using graph::Graph;
using graph::ValueId;

namespace {

/// Somebody's net of convolutions: [batch, 1, 28, 28] -> Conv -> Relu -> pool -> Flatten -> Gemm of 10 -> maybe a softmax.
struct Foreign {
    Graph graph;
    ValueId pooled = graph::kNone;

    explicit Foreign(bool softmax = false, graph::Shape input = {Dim::named("batch"), Dim::fixed(1), Dim::fixed(28), Dim::fixed(28)}) {
        const ValueId x = graph.addInput("Input3", {graph::DType::F32, std::move(input)});
        const ValueId kernel = parameter("conv.weight", {4, 1, 3, 3}), weight = parameter("fc.weight", {10, 4}), bias = parameter("fc.bias", {10});
        const ValueId map = node(graph::kConv, "conv", {x, kernel}, {{"kernel_shape", std::vector<std::int64_t>{3, 3}}});
        pooled = node(graph::kGlobalAveragePool, "pool", {node(graph::kRelu, "relu", {map})});
        ValueId y = node(graph::kGemm, "fc", {node(graph::kFlatten, "flat", {pooled}), weight, bias}, {{"transB", std::int64_t{1}}});
        if (softmax) y = node(*graph::findOp("Softmax"), "probabilities", {y});
        graph.setOutputs({y});
    }
    ValueId parameter(const char* name, std::initializer_list<std::int64_t> shape) {
        return graph.addParameter(name, {graph::DType::F32, graph::fixedShape(shape)}, {}, shape.size() > 1);
    }
    ValueId node(const graph::OpEntry& op, const char* name, std::vector<ValueId> inputs, graph::Attributes attributes = {}) {
        return graph.addNode(op, name, std::move(inputs), std::move(attributes)).front();
    }
};

DataShape digits(std::int64_t classes = 10) {
    DataShape data = test::pictures(1, 28);
    data.outputs = classes;
    return data;
}

std::string shapeOf(const Graph& net, std::string_view name) {
    const ValueId id = net.find(name);
    return id == graph::kNone ? "absent" : toString(net.value(id).type.shape);
}
std::string logitsOf(const Graph& net) { return toString(net.value(net.outputs().front()).type.shape); }

}  // namespace

class TestAdapted : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aModelThatSuitsTheDataKeepsItsLayersAndNames() {
        const Graph net = adapted(Foreign().graph, digits());
        QCOMPARE(net.nodes().size(), std::size_t{5});
        QCOMPARE(shapeOf(net, "input"), std::string("[batch, 1, 28, 28]"));
        QCOMPARE(shapeOf(net, "fc.weight"), std::string("[10, 4]"));
        QCOMPARE(logitsOf(net), std::string("[batch, 10]"));
    }
    void aSoftmaxAtTheEndIsLeftToTheLoss() {
        QCOMPARE(adapted(Foreign(true).graph, digits()).nodes().size(), std::size_t{5});
    }
    void otherClassesGetANewHead() {
        const Graph net = adapted(Foreign(true).graph, digits(3));
        QCOMPARE(shapeOf(net, "head.weight"), std::string("[3, 4]"));
        QCOMPARE(shapeOf(net, "head.bias"), std::string("[3]"));
        QCOMPARE(shapeOf(net, "fc.weight"), std::string("absent"));
        QCOMPARE(shapeOf(net, "conv.weight"), std::string("[4, 1, 3, 3]"));
        QCOMPARE(logitsOf(net), std::string("[batch, 3]"));
        QCOMPARE(net.parameterCount(), std::int64_t{36 + 12 + 3});
    }
    void aHeadCanBeAskedForAndForbidden() {
        QCOMPARE(shapeOf(adapted(Foreign().graph, digits(), {.output = {}, .head = Head::New}), "head.weight"), std::string("[10, 4]"));
        EXPECT_REFUSED([] { (void)adapted(Foreign().graph, digits(3), {.output = {}, .head = Head::Keep}); }, "CFG-09", "3 needed");
    }
    void anInnerValueGetsAHeadBehindIt() {
        const Graph net = adapted(Foreign().graph, digits(7), {.output = "relu"});
        QCOMPARE(shapeOf(net, "head.weight"), std::string("[7, 4]"));
        QCOMPARE(logitsOf(net), std::string("[batch, 7]"));
        EXPECT_REFUSED([] { (void)adapted(Foreign().graph, digits(), {.output = "nothing"}); }, "CFG-09", "nothing");
    }
    /// As CNTK writes it: weights through a Reshape, the sum as a node, classes in a shape.
    void aHeadOfSeveralNodesIsReplacedWithWhatItHolds() {
        Foreign net;
        Graph& graph = net.graph;
        const ValueId weight = net.node(graph::kReshape, "weights", {net.parameter("W", {4, 1, 10}), graph.addConstant("W.shape", {4, 10})});
        const ValueId product = net.node(graph::kMatMul, "times", {net.node(graph::kFlatten, "flat2", {net.pooled}), weight});
        const ValueId sum = net.node(graph::kAdd, "plus", {product, net.parameter("B", {1, 10})});
        graph.setOutputs({net.node(graph::kReshape, "out", {sum, graph.addConstant("out.shape", {-1, 10})})});
        const Graph made = adapted(graph, digits(3));
        QCOMPARE(logitsOf(made), std::string("[batch, 3]"));
        QCOMPARE(shapeOf(made, "head.weight"), std::string("[4, 3]"));
        QCOMPARE(shapeOf(made, "head.bias"), std::string("[1, 3]"));
        QCOMPARE(shapeOf(made, "W"), std::string("absent"));
        QCOMPARE(shapeOf(made, "fc.weight"), std::string("absent"));
    }
    void picturesAreBroughtIntoTheModelsForm_data() {
        QTest::addColumn<QString>("form");
        QTest::addColumn<QString>("by");
        QTest::newRow("channels last") << "last" << "Transpose";
        QTest::newRow("one row") << "row" << "Reshape";
    }
    void picturesAreBroughtIntoTheModelsForm() {
        QFETCH(QString, form);
        QFETCH(QString, by);
        const DataShape data = test::pictures(3, 8);
        Graph graph;
        const graph::Shape shape = form == "last" ? graph::Shape{Dim::named("batch"), Dim::fixed(8), Dim::fixed(8), Dim::fixed(3)}
                                                  : graph::Shape{Dim::named("batch"), Dim::fixed(192), Dim::fixed(1)};
        const ValueId x = graph.addInput("x", {graph::DType::F32, shape});
        const ValueId flat = graph.addNode(graph::kFlatten, "flat", {x}).front();
        const ValueId w = graph.addParameter("w", {graph::DType::F32, graph::fixedShape({192, 10})}, {});
        graph.setOutputs({graph.addNode(graph::kMatMul, "y", {flat, w}).front()});
        const Graph net = adapted(graph, data);
        QCOMPARE(QString::fromUtf8(net.node(0).op->name.data()), by);
        QCOMPARE(logitsOf(net), std::string("[batch, 10]"));
    }
    void samplesAreTurnedWhereTheModelsBatchStandsBehind() {
        for (const std::size_t place : {1, 2}) {
            Graph graph;
            graph::Shape shape{Dim::fixed(28), Dim::fixed(28)};
            shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(place), Dim::named("batch"));
            const ValueId x = graph.addInput("x", {graph::DType::F32, shape});
            const ValueId mean = graph.addNode(*graph::findOp("ReduceMean"), "mean", {x, graph.addConstant("first", {0})}, {{"keepdims", std::int64_t{0}}}).front();
            graph.setOutputs({place == 1 ? mean : graph.addNode(graph::kTranspose, "turned", {mean}).front()});
            const Graph net = adapted(graph, digits(28));
            QCOMPARE(shapeOf(net, "reshaped"), std::string("[batch, 28, 28]"));
            QCOMPARE(shapeOf(net, "batch_in_place"), graph::toString(shape));
            QCOMPARE(logitsOf(net), std::string("[batch, 28]"));
        }
    }
    void whatCannotBeFedIsRefused() {
        EXPECT_REFUSED([] { (void)adapted(Foreign().graph, test::pictures(3, 32)); }, "DAT-05", "[batch, 1, 28, 28] needed");
        EXPECT_REFUSED([] { (void)adapted(Foreign(false, {Dim::fixed(1), Dim::fixed(1), Dim::fixed(28), Dim::fixed(28)}).graph, digits()); }, "DAT-05", "alone");
        EXPECT_REFUSED([] { (void)adapted(Foreign().graph, test::text()); }, "DAT-05", "float32");
    }
    void severalOutputsNeedAChoice() {
        Foreign net;
        net.graph.setOutputs({net.graph.outputs().front(), net.pooled});
        EXPECT_REFUSED([&] { (void)adapted(net.graph, digits()); }, "CFG-09", "fc, pool");
        QCOMPARE(logitsOf(adapted(net.graph, digits(), {.output = "fc"})), std::string("[batch, 10]"));
    }

    void patternsFreezeAndThaw() {
        Graph net = Foreign().graph;
        freeze(net, "*, !fc.*");
        QCOMPARE(net.trained().size(), std::size_t{2});
        QVERIFY(net.value(net.find("conv.weight")).frozen);
        freeze(net, "");
        QCOMPARE(net.trained().size(), std::size_t{2});
    }
    void loraAddsAProductBesideEveryFittingWeight() {
        const Graph net = build("gpt_mini", test::text());
        const Graph all = withLora(net, {.rank = 4});
        QCOMPARE(all.trained().size(), std::size_t{2 * 4 * 4});  // two of the attention, two of the feed-forward part, in four blocks
        const Graph qkv = withLora(net, {.rank = 4, .targets = "*.c_attn.*"});
        QCOMPARE(qkv.trained().size(), std::size_t{2 * 4});
        QCOMPARE(shapeOf(qkv, "h.0.attn.c_attn.lora_A"), std::string("[128, 4]"));
        QCOMPARE(shapeOf(qkv, "h.0.attn.c_attn.lora_B"), std::string("[4, 384]"));
        QCOMPARE(logitsOf(qkv), logitsOf(net));
        // Product and bias are still one node in training.
        const auto linears = [](const Graph& graph) {
            return std::ranges::count_if(graph::fusedForTraining(graph).nodes(), [](const graph::Node& node) { return node.op == &graph::kLinear; });
        };
        QCOMPARE(linears(all), linears(net));
        EXPECT_REFUSED([&] { (void)withLora(net, {.rank = 4, .targets = "conv*"}); }, "CFG-09", "conv*");
    }
    void loraLeavesANewHeadToBeTrainedWhole() {
        Foreign two;
        const ValueId hidden = two.node(graph::kGemm, "fc2", {two.graph.outputs().front(), two.parameter("fc2.weight", {10, 6})});
        two.graph.setOutputs({hidden});
        const Graph net = withLora(adapted(two.graph, digits(3)), {.rank = 2});
        QVERIFY(!net.value(net.find("head.weight")).frozen);
        QCOMPARE(shapeOf(net, "head.lora_A"), std::string("absent"));
        QCOMPARE(shapeOf(net, "fc.lora_A"), std::string("[4, 2]"));
        QVERIFY(net.value(net.find("fc.weight")).frozen);
    }
    /// Whatever its name is. A table of tokens that is the head too is not new and stays as it is.
    void loraTrainsTheLayerOfTheLogitsWholeInEveryArchitecture() {
        for (const test::NetCase& each : test::everyNet()) {
            const Graph net = build(each.name, each.data, each.options);
            if (loraPairs(net, {.rank = 2}).empty()) continue;
            const std::set<std::string> head = headOf(net);
            QCOMPARE(head.size(), std::size_t(each.name.starts_with("gpt") ? 0 : 2));
            const Graph adapted = withLora(net, {.rank = 2});
            for (const ValueId id : adapted.parameters()) {
                const graph::Value& value = adapted.value(id);
                QVERIFY2(value.frozen == (!isLoraUpdate(value.name) && !head.contains(value.name)), (each.name + ": " + value.name).c_str());
            }
            QCOMPARE(headOf(adapted), head);
        }
        const Graph net = withLora(build("convnext_tiny", test::pictures(3, 32)), {.rank = 2});
        QVERIFY(!net.value(net.find("classifier.2.weight")).frozen && net.find("classifier.2.lora_A") == graph::kNone);
    }
    void aFrozenFirstPartIsCutOff() {
        Graph net = build("cnn", test::pictures(1, 8));
        freeze(net, "*, !logits.*");
        const Cut cut = cutFrozen(net);
        QCOMPARE(toString(cut.before.value(cut.before.outputs().front()).type.shape), std::string("[batch, 128]"));
        QCOMPARE(cut.behind.parameters().size(), std::size_t{2});
        QCOMPARE(shapeOf(cut.behind, "input"), std::string("[batch, 128]"));
        QCOMPARE(logitsOf(cut.behind), std::string("[batch, 10]"));
        QVERIFY(cut.before.find("logits.weight") == graph::kNone);
    }
    /// Before them nothing is the same in every epoch, or not everything leads through it.
    void whatChangesIsNotCutOff() {
        Graph dropping = build("cnn", test::pictures(1, 8), {.dropout = 0.5});
        freeze(dropping, "*, !logits.*");
        QCOMPARE(shapeOf(cutFrozen(dropping).behind, "dropout"), std::string("[batch, 128]"));
        Graph residual = build("resnet20", test::pictures(3, 16));
        freeze(residual, "*, !layer2.0.conv2.*, !layer3.*, !logits.*, !layer2.1.*, !layer2.2.*, !layer2.0.bn2.*");
        const Cut cut = cutFrozen(residual);  // the short cut of that block reads the block's input too
        QCOMPARE(cut.before.value(cut.before.outputs().front()).name, std::string("layer1/2/relu2"));
        Graph whole = build("cnn", test::pictures(1, 8));
        EXPECT_REFUSED([&] { (void)cutFrozen(whole); }, "CFG-09", "every epoch");
    }
    void aSingleNumberIsNoPlaceToCut() {
        Foreign net;
        const ValueId factor = net.node(*graph::findOp("Mul"), "factor", {net.parameter("w0", {}), net.parameter("b0", {})});
        net.graph.setOutputs({net.node(*graph::findOp("Mul"), "scaled", {net.graph.outputs().front(), factor})});
        freeze(net.graph, "w0, b0");
        EXPECT_REFUSED([&] { (void)cutFrozen(net.graph); }, "CFG-09", "every epoch");
        freeze(net.graph, "w0, b0, conv.*");
        QCOMPARE(shapeOf(cutFrozen(net.graph).behind, "Input3"), std::string("[batch, 4]"));
    }
    void patternsThatDoNothingAreRefused() {
        Graph net = Foreign().graph;
        EXPECT_REFUSED([&] { freeze(net, "layer9.*"); }, "CFG-09", "layer9.*");
        EXPECT_REFUSED([&] { freeze(net, "*"); }, "CFG-09", "nothing is left");
    }
};

HEADROOM_TEST(TestAdapted)
#include "tst_adapted.moc"
