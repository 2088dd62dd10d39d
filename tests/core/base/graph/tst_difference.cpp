// SPDX-License-Identifier: Apache-2.0
#include "base/graph/difference.h"

#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;

namespace {

/// input -> relu -> leaky -> (last)
Graph chain(double alpha, const char* last, const char* shape = "batch,4") {
    Graph graph;
    ValueId x = graph.addInput("x", {DType::F32, test::shapeOf(shape)});
    x = graph.addNode(kRelu, "relu", {x}).front();
    x = graph.addNode(*findOp("LeakyRelu"), "leaky", {x}, {{"alpha", alpha}}).front();
    graph.setOutputs(graph.addNode(*findOp(last), last, {x}));
    return graph;
}

}  // namespace

class TestDifference : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aGraphIsTheSameAsItself() {
        const Graph graph = test::trainingGraph({"resnet20", test::pictures(3, 32)});
        const Difference found = differenceOf(graph, graph);
        QVERIFY(std::ranges::all_of(found.first, [](Standing each) { return each == Standing::Same; }));
        QCOMPARE(found.second, found.first);
        for (const Node& node : graph.nodes()) QCOMPARE(found.partner[static_cast<std::size_t>(node.id)], node.id);
    }

    void anotherAttributeIsAChangeAndAnotherNameIsAlone() {
        const Difference found = differenceOf(chain(0.1, "Tanh"), chain(0.2, "Sigmoid"));
        const std::vector<Standing> expected{Standing::Same, Standing::Changed, Standing::Alone};
        QCOMPARE(found.first, expected);
        QCOMPARE(found.second, expected);
        QCOMPARE(found.partner.back(), kNone);
    }

    void anotherShapeIsAChange() {
        const Difference found = differenceOf(chain(0.1, "Tanh"), chain(0.1, "Tanh", "batch,5"));
        QVERIFY(std::ranges::all_of(found.second, [](Standing each) { return each == Standing::Changed; }));
    }
};

HEADROOM_TEST(TestDifference)
#include "tst_difference.moc"
