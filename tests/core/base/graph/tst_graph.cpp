// SPDX-License-Identifier: Apache-2.0
#include "base/graph/graph.h"

#include "base/errors/error.h"
#include "base/graph/gradient_path.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;
using headroom::test::shapeOf;

class TestGraph : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aProductOfNamesIsMultipliedOut() {
        const Shape shape{Dim::named("batch*sequence"), Dim::named("4*batch"), Dim::fixed(7)};
        const std::vector<std::int64_t> expected{6, 8, 7};
        QCOMPARE(resolved(shape, {{"batch", 2}, {"sequence", 3}}), expected);
    }

    void aProductKeepsTheOrderOfItsNames() {
        QCOMPARE(product(shapeOf("batch,3,sequence,2")).name, std::string("6*batch*sequence"));
        QCOMPARE(product(shapeOf("4,5")).extent, 20);
        QCOMPARE(product({}).extent, 1);
    }

    void aShapeReadsAsItIsWritten() { QCOMPARE(toString(shapeOf("batch,3,8")), std::string("[batch, 3, 8]")); }

    void outputsAreNamedAfterTheirNode() {
        Graph graph;
        const ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,4")});
        const ValueId y = graph.addNode(kRelu, "y", {x}).front();
        QCOMPARE(graph.value(y).name, std::string("y"));
        QCOMPARE(graph.find("y"), y);
        QCOMPARE(graph.find("z"), kNone);
        QCOMPARE(graph.value(y).producer, 0);
    }

    void aRefusedNodeIsNamedWithItsOperator() {
        Graph graph;
        const ValueId a = graph.addInput("a", {DType::F32, shapeOf("batch,4")});
        const ValueId b = graph.addInput("b", {DType::F32, shapeOf("batch,5")});
        try {
            graph.addNode(kAdd, "sum", {a, b});
            QFAIL("shapes that do not fit were taken");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Cfg09);
            QCOMPARE(error.failures().front().subject, std::string("sum (Add)"));
        }
    }

    void unknownAttributesAndWrongNumbersOfInputsAreRefused() {
        Graph graph;
        const ValueId a = graph.addInput("a", {DType::F32, shapeOf("batch,4")});
        QVERIFY_EXCEPTION_THROWN(graph.addNode(kRelu, "r", {a}, {{"alpha", 1.0}}), Error);
        QVERIFY_EXCEPTION_THROWN(graph.addNode(kAdd, "s", {a}), Error);
        QVERIFY_EXCEPTION_THROWN(graph.addNode(kAdd, "t", {a, kNone}), Error);
    }

    void aParameterBehindANodeWithoutGradientIsRefusedByThatNode() {
        Graph graph;
        const ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,4")});
        const ValueId w = graph.addParameter("w", {DType::F32, shapeOf("4")}, {});
        const ValueId scaled = graph.addNode(*findOp("Mul"), "scaled", {x, w}).front();
        const ValueId hard = graph.addNode(*findOp("Hardmax"), "hard", {scaled}).front();
        graph.setOutputs(graph.addNode(kRelu, "out", {hard}));
        try {
            requireGradients(graph);
            QFAIL("it was taken");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Cfg09);
            QCOMPARE(error.failures().front().found, std::string("hard (Hardmax)"));
        }
    }

    void aNodeWithoutGradientBesideTheWayIsNoObstacle() {
        Graph graph;
        const ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,4")});
        const ValueId w = graph.addParameter("w", {DType::F32, shapeOf("4")}, {});
        const ValueId scaled = graph.addNode(*findOp("Mul"), "scaled", {x, w}).front();
        const ValueId larger = graph.addNode(*findOp("Greater"), "larger", {scaled, x}).front();
        graph.setOutputs(graph.addNode(*findOp("Where"), "out", {larger, scaled, x}));
        requireGradients(graph);
    }

    void valuesAreListedByKindInOrder() {
        const Graph graph = test::trainingGraph({"cnn", test::pictures(1, 28)});
        std::vector<std::string> names;
        for (const ValueId id : graph.inputs()) names.push_back(graph.value(id).name);
        QCOMPARE(names, (std::vector<std::string>{"input", "target"}));
        QCOMPARE(graph.buffers().size(), std::size_t{8});
        QCOMPARE(graph.parameters().size(), std::size_t{4 + 8 + 4});
    }
};

HEADROOM_TEST(TestGraph)
#include "tst_graph.moc"
