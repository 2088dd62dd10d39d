// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/engine/formats/foreign.h"
#include "core/engine/formats/foreign_nets.h"
#include "core/engine/formats/refusal.h"
#include "support/registry.h"

using namespace headroom;
using test::Foreign, test::operatorsOf, test::shapeOf;

/// Forms that only PyTorch's exporters write (tests/campaign/foreign).
class OnnxOfPyTorch : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNetThatWasWrittenInTrainingIsTheSameNet_data() {
        QTest::addColumn<int>("opset");
        for (const int opset : {11, 13, 17}) QTest::addRow("%d", opset) << opset;
    }
    void aNetThatWasWrittenInTrainingIsTheSameNet() {
        QFETCH(int, opset);
        const formats::OnnxModel model = test::inTraining(opset).read();
        QCOMPARE(operatorsOf(model), (std::vector<std::string>{"BatchNormalization", "BatchNormalization", "Dropout"}));
        QCOMPARE(shapeOf(model), std::string("[batch, 3, 4, 4]"));
    }

    void statisticsOfTheBatchThatAreReadAreComputed() {
        Foreign file = test::inTraining(17);
        file.output("n_mean");
        const std::vector<std::string> operators = operatorsOf(file.read());
        QCOMPARE(std::ranges::count(operators, "BatchNormalization"), 1);
        QVERIFY(std::ranges::count(operators, "ReduceMean") > 0);
    }

    void whatADropoutDropsIsNoOutput() {
        Foreign file = test::inTraining(17);
        file.output("dropped");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "Dropout");
    }

    /// PyTorch keeps equal weights once: in a net that was not trained all norms have the same ones and the same statistics.
    void weightsThatAreEqualByChanceAreOneForEachNode() {
        const formats::OnnxModel model = test::inTraining(17).read();
        QCOMPARE(model.graph.parameters().size(), std::size_t{4});
        QCOMPARE(model.graph.buffers().size(), std::size_t{3});  // the variances are no number everywhere: one for both
        QCOMPARE(model.weights.size(), std::size_t{7});
        QVERIFY(model.weights[0].data == model.weights[4].data);
    }

    void aWeightThatTwoNodesReadStaysOne() {
        Foreign file;
        file.input("x", {"n", "3"});
        file.reals("w", {3, 3});
        file.node("MatMul", {"x", "w"}, {"a"});
        file.node("Identity", {"w"}, {"v"});
        file.node("MatMul", {"a", "v"}, {"y"});
        file.output("y");
        QCOMPARE(file.read().graph.parameters().size(), std::size_t{1});
    }

    void aNamedExtentStaysWhereZerosAreLiteral() {
        Foreign file;
        file.input("x", {"n", "6", "4"});
        file.numbers("first", {0});
        file.numbers("rest", {24});
        file.node("Shape", {"x"}, {"shape"});
        file.node("Gather", {"shape", "first"}, {"batch"});
        Foreign::integer(file.node("Concat", {"batch", "rest"}, {"target"}), "axis", 0);
        Foreign::integer(file.node("Reshape", {"x", "target"}, {"y"}), "allowzero", 1);
        file.output("y");
        QCOMPARE(shapeOf(file.read()), std::string("[batch, 24]"));
    }

    void paddingThatIsTurnedAroundIsKnown() {
        const formats::OnnxModel model = test::paddedPicture().read();
        QCOMPARE(operatorsOf(model), std::vector<std::string>{"Pad"});
        QCOMPARE(shapeOf(model), std::string("[batch, 2, 5, 5]"));
    }
};

HEADROOM_TEST(OnnxOfPyTorch)
#include "tst_onnx_pytorch.moc"
