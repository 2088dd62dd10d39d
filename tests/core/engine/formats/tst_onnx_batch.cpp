// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/foreign.h"
#include "core/engine/formats/foreign_nets.h"
#include "core/engine/formats/refusal.h"
#include "support/registry.h"

using namespace headroom;
using test::Foreign, test::operatorsOf, test::shapeOf;

namespace {

/// x [dims] -> one node, completed by the caller -> y
Foreign one(const std::vector<std::string>& dims, const std::string& op, const std::vector<std::string>& inputs, onnx::NodeProto** node, int opset = 17) {
    Foreign file(opset);
    file.input("x", dims);
    *node = &file.node(op, inputs, {"y"});
    file.output("y");
    return file;
}

}  // namespace

class OnnxBatches : public QObject {
    Q_OBJECT
private Q_SLOTS:
    // --- a batch that the file has as 1

    void aConvolutionalNetIsFreed() {
        Foreign file;
        file.input("x", {"1", "3", "8", "8"});
        file.reals("w", {4, 3, 3, 3});
        for (const char* name : {"scale", "bias", "mean", "variance"}) file.reals(name, {4});
        file.reals("head", {4, 2});
        file.numbers("rows", {-1, 4});
        file.node("Conv", {"x", "w"}, {"c"});
        file.node("BatchNormalization", {"c", "scale", "bias", "mean", "variance"}, {"n"});
        file.node("Relu", {"n"}, {"r"});
        file.node("GlobalAveragePool", {"r"}, {"p"});
        file.node("Reshape", {"p", "rows"}, {"f"});
        file.node("Gemm", {"f", "head"}, {"g"});
        Foreign::integer(file.node("Softmax", {"g"}, {"y"}), "axis", 1);
        file.output("y");
        const formats::OnnxModel model = file.read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 2]"));
    }

    void aVisionTransformerIsFreed() {
        const formats::OnnxModel model = test::visionTransformer().read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 3]"));
    }

    void aRecurrentNetWithTheBatchSecondIsFreed_data() {
        QTest::addColumn<bool>("withZeros");
        QTest::newRow("no first state") << false;
        QTest::newRow("a first state of zeros") << true;
    }
    void aRecurrentNetWithTheBatchSecondIsFreed() {
        QFETCH(bool, withZeros);
        const formats::OnnxModel model = test::lastState(withZeros).read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 3]"));
    }

    void aBatchThatLeadsWhatWasJoinedToItIsFollowed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "5", "4"}, "Reshape", {"x", "rows"}, &node);
        node->set_output(0, "flat");
        file.numbers("rows", {5, 4});
        file.numbers("back", {1, 5, 2});
        file.reals("w", {4, 2});
        file.node("MatMul", {"flat", "w"}, {"product"});
        file.node("Reshape", {"product", "back"}, {"y"});
        const formats::OnnxModel model = file.read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 5, 2]"));
    }

    void aBatchAmongTheSizesOfAPictureIsFreed() {
        const formats::OnnxModel model = test::resizedPicture().read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 2, 6, 4]"));
    }

    void aRowWhoseElementsAreAllGatheredInOrderKeepsItsSamples() {
        for (const bool inOrder : {true, false}) {
            onnx::NodeProto* node = nullptr;
            Foreign file = one({"1", "4", "1", "1"}, "Reshape", {"x", "row"}, &node);
            node->set_output(0, "flat");
            file.numbers("row", {-1});
            onnx::TensorProto& places = file.weight("places", {1, 2, 2}, onnx::TensorProto::INT64);
            for (const std::int64_t each : {0, inOrder ? 1 : 2, inOrder ? 2 : 1, 3}) places.add_int64_data(each);
            file.node("Gather", {"flat", "places"}, {"y"});
            const formats::OnnxModel model = file.read();
            QCOMPARE(model.batchFreed, inOrder);
            QCOMPARE(shapeOf(model), std::string(inOrder ? "[batch, 2, 2]" : "[1, 2, 2]"));
        }
    }

    void aBatchThatLeadsItsWindowsIsDividedOutAgain() {
        Foreign file;
        file.input("x", {"batch", "4", "6"});
        for (const auto& [name, content] : {std::pair("rows", std::vector<std::int64_t>{-1, 6}), {"four", {4}}, {"six", {6}}, {"first", {0}}}) file.numbers(name, content);
        file.node("Reshape", {"x", "rows"}, {"windows"});
        file.node("Shape", {"windows"}, {"shape"});
        file.node("Gather", {"shape", "first"}, {"count"});
        file.node("Div", {"count", "four"}, {"samples"});
        Foreign::integer(file.node("Concat", {"samples", "four", "six"}, {"back"}), "axis", 0);
        file.node("Reshape", {"windows", "back"}, {"y"});
        file.output("y");
        QCOMPARE(shapeOf(file.read()), std::string("[batch, 4, 6]"));
    }

    // --- a batch that the file names

    void aTokenThatIsRepeatedForEverySampleIsRead() {
        Foreign file = test::classToken("batch");
        const formats::OnnxModel model = file.read();
        QCOMPARE(shapeOf(model), std::string("[batch, 2]"));
        QCOMPARE(operatorsOf(model), (std::vector<std::string>{"Expand", "Concat", "Gather", "Gemm"}));
        QCOMPARE(model.graph.parameters().size(), std::size_t{3});
    }

    void aTokenOfABatchOfOneIsRepeatedWhereThatIsFreed() {
        const formats::OnnxModel model = test::classToken("1").read();
        QVERIFY(model.batchFreed);
        QCOMPARE(shapeOf(model), std::string("[batch, 2]"));
    }

    void aFirstStateOfZerosAsLargeAsTheBatchIsNone() {
        const formats::OnnxModel model = test::statesOfZeros("LSTM").read();
        QCOMPARE(shapeOf(model), std::string("[batch, 3]"));
        QCOMPARE(operatorsOf(model), (std::vector<std::string>{"LSTM", "Squeeze", "Gemm"}));
    }

    void numbersAsManyAsTheBatchAreMadeWhereTheyAreRead() {
        Foreign file = test::statesOfZeros("GRU");
        file.node("Add", {"h0", "h0"}, {"z"});
        file.output("z");
        QCOMPARE(shapeOf(file.read(), 1), std::string("[1, batch, 2]"));
    }

    void aNamedDimensionThatAValueHasNotIsMade() {
        Foreign file;
        file.input("x", {"n", "length"});
        file.reals("one", {1, 1});
        file.node("Shape", {"x"}, {"shape"});
        file.node("Expand", {"one", "shape"}, {"y"});
        file.output("y");
        QCOMPARE(shapeOf(file.read()), std::string("[batch, length]"));
    }

    // --- where samples would mix

    void aRunningSumOverTheBatchKeepsItFixed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "4"}, "CumSum", {"x", "axis"}, &node);
        file.weight("axis", {}, onnx::TensorProto::INT64).add_int64_data(0);
        QVERIFY(!file.read().batchFreed);
        file.graph().mutable_initializer(0)->set_int64_data(0, -2);
        QVERIFY(!file.read().batchFreed);
        file.graph().mutable_initializer(0)->set_int64_data(0, 1);
        QVERIFY(file.read().batchFreed);
    }

    void aSequenceThatIsReversedOverTheBatchKeepsItFixed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "1", "4"}, "ReverseSequence", {"x", "lengths"}, &node);
        Foreign::integer(*node, "time_axis", 0);
        Foreign::integer(*node, "batch_axis", 1);
        file.numbers("lengths", {1});
        QVERIFY(!file.read().batchFreed);
    }

    void anAxisThatIsTheBatchKeepsItFixed_data() {
        QTest::addColumn<QString>("op");
        QTest::addColumn<int>("axis");
        QTest::addColumn<bool>("freed");
        for (const char* op : {"Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "Split"})
            for (const auto& [axis, freed] : {std::pair(0, false), {-3, false}, {1, true}, {-1, true}}) QTest::addRow("%s %d", op, axis) << QString(op) << axis << freed;
    }
    void anAxisThatIsTheBatchKeepsItFixed() {
        QFETCH(QString, op);
        QFETCH(int, axis);
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "3", "4"}, op.toStdString(), {"x"}, &node);
        Foreign::integer(*node, "axis", axis);
        QTEST(file.read().batchFreed, "freed");
    }

    void aSumOverTheBatchKeepsItFixed_data() {
        QTest::addColumn<QString>("equation");
        QTest::addColumn<bool>("freed");
        QTest::newRow("every sample with every other") << QString("ij,kj->ik") << false;
        QTest::newRow("summed") << QString("ij,ij->j") << false;
        QTest::newRow("of each alone") << QString("ij,ij->i") << true;
        QTest::newRow("told by no arrow") << QString("ij,ij") << false;
    }
    void aSumOverTheBatchKeepsItFixed() {
        QFETCH(QString, equation);
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "4"}, "Einsum", {"x", "x"}, &node);
        Foreign::text(*node, "equation", equation.toStdString());
        QTEST(file.read().batchFreed, "freed");
    }

    void aProductOverTheBatchKeepsItFixed() {
        Foreign file;
        file.input("x", {"1", "4"});
        Foreign::integers(file.node("Transpose", {"x"}, {"t"}), "perm", {1, 0});
        file.node("MatMul", {"t", "x"}, {"y"});
        file.output("y");
        QVERIFY(!file.read().batchFreed);
    }

    void aRecurrentNetThatRunsAlongTheBatchKeepsItFixed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "1", "4"}, "LSTM", {"x", "w", "r"}, &node);
        Foreign::integer(*node, "hidden_size", 2);
        file.reals("w", {1, 8, 4});
        file.reals("r", {1, 8, 2});
        QVERIFY(!file.read().batchFreed);
    }

    void anOperatorWithoutARuleKeepsTheBatchFixed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "4"}, "DynamicQuantizeLinear", {"x"}, &node);
        node->add_output("scale");
        node->add_output("zero");
        QVERIFY(!file.read().batchFreed);
    }

    void aNewShapeBeyondCountingIsRefused() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "4"}, "Reshape", {"x", "shape"}, &node);
        file.numbers("shape", {std::int64_t{1} << 40, std::int64_t{1} << 40, -1});
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "y (Reshape)");
    }

    void dimensionsOfOneThatGoTogetherKeepTheBatchFixed() {
        onnx::NodeProto* node = nullptr;
        Foreign file = one({"1", "3", "1", "4"}, "Squeeze", {"x"}, &node);
        QVERIFY(!file.read().batchFreed);
    }
};

HEADROOM_TEST(OnnxBatches)
#include "tst_onnx_batch.moc"
