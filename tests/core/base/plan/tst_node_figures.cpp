// SPDX-License-Identifier: Apache-2.0
#include "base/plan/node_figures.h"

#include "base/plan/roofline.h"
#include "base/plan/training_step.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

/// 1 TFLOP/s, 1 TB/s, 1 µs to start a node.
DeviceModel device() {
    DeviceModel model;
    model.name = "made up";
    model.fp32 = model.bandwidth = 1e12;
    model.nodeSeconds = 1e-6;
    return model;
}

Program programOf(const graph::Graph& graph, Mode mode, std::int64_t batch) {
    LowerOptions options;
    options.mode = mode;
    options.extents = {{"batch", batch}, {"sequence", 128}};
    return lower(graph, options);
}

template <typename T>
T summed(const std::vector<NodeFigures>& figures, T NodeFigures::*member) {
    T sum{};
    for (const NodeFigures& each : figures) sum += each.*member;
    return sum;
}

}  // namespace

class TestNodeFigures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ofAllNodesTheyAddUpToTheNet_data() {
        QTest::addColumn<QString>("net");
        for (const test::NetCase& net : test::fourNets()) QTest::newRow(net.name.c_str()) << QString::fromStdString(net.name);
    }
    void ofAllNodesTheyAddUpToTheNet() {
        QFETCH(QString, net);
        for (const test::NetCase& each : test::fourNets()) {
            if (each.name != net.toStdString()) continue;
            const graph::Graph graph = lossOnly(trainingGraph(models::build(each.name, each.data), each.data.task, 0), {});
            const Program program = programOf(graph, Mode::Training, 4);
            const auto figures = nodeFigures(graph, program, device());
            QCOMPARE(figures.size(), graph.nodes().size());
            QCOMPARE(summed(figures, &NodeFigures::parameters), graph.parameterCount());
            const double whole = rooflineSeconds(graph, program, device());
            QVERIFY(std::abs(summed(figures, &NodeFigures::seconds) / whole - 1) < 1e-9);
        }
    }

    void aProductCountsItsMultiplyAddsAndWhatItMakes() {
        const test::NetCase net{"mlp", test::table(108, 2)};
        const graph::Graph graph = lossOnly(trainingGraph(models::build(net.name, net.data), net.data.task, 0), {});
        const auto figures = nodeFigures(graph, programOf(graph, Mode::Training, 4), device());
        const NodeFigures& first = figures.front();
        QCOMPARE(first.parameters, 108 * 256 + (graph.nodes().front().inputs.size() > 2 ? 256 : 0));
        QVERIFY(first.forwardFlops >= 2.0 * 4 * 108 * 256 && first.forwardFlops < 2.0 * 4 * 109 * 256);
        QCOMPARE(first.made, 4 * 256 * 4);
    }

    void inInferenceNoBackwardCounts() {
        const graph::Graph graph = models::build("cnn", test::pictures(1, 28));
        const auto figures = nodeFigures(graph, programOf(graph, Mode::Inference, 1), device());
        QCOMPARE(summed(figures, &NodeFigures::backwardFlops), 0.0);
        QVERIFY(summed(figures, &NodeFigures::forwardFlops) > 1e6);
    }

    void withoutRatesNoTimeIsTold() {
        const graph::Graph graph = models::build("cnn", test::pictures(1, 28));
        QCOMPARE(summed(nodeFigures(graph, programOf(graph, Mode::Inference, 1), DeviceModel{}), &NodeFigures::seconds), 0.0);
    }

    void everyNameOfTheInputsGetsAnExtent() {
        graph::Graph graph;
        graph.addInput("x", {graph::DType::F32, test::shapeOf("batch,3,height*width")});
        const graph::Extents expected{{"batch", 1}, {"height", 1}, {"width", 1}};
        QCOMPARE(everyExtent(graph, 1), expected);
    }
};

HEADROOM_TEST(TestNodeFigures)
#include "tst_node_figures.moc"
