// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include "core/engine/formats/foreign.h"
#include "core/engine/formats/refusal.h"
#include "support/registry.h"

using namespace headroom;

namespace {

using test::Foreign, test::operatorsOf, test::shapeOf;
using Names = std::vector<std::string>;

void real(Foreign& file, const std::string& name, float number) { file.weight(name, {}).add_float_data(number); }

/// x -> 0.5 x (1 + erf(x / root)) -> y
Foreign gelu(double root = std::sqrt(2.0)) {
    Foreign file;
    file.input("x", {"n", "4"});
    real(file, "root", static_cast<float>(root));
    real(file, "one", 1);
    real(file, "half", 0.5);
    file.node("Div", {"x", "root"}, {"scaled"});
    file.node("Erf", {"scaled"}, {"bent"});
    file.node("Add", {"bent", "one"}, {"weight"});
    file.node("Mul", {"x", "weight"}, {"twice"});
    file.node("Mul", {"twice", "half"}, {"y"});
    file.output("y");
    return file;
}

constexpr int kPlaces = 6;

/// x [batch, time, 4] attends to itself under a table of 6 by 6, cut to the length, that hides where it is 0.
Foreign attention(const std::function<bool(int, int)>& sees, float hidden) {
    Foreign file;
    file.input("x", {"batch", "time", "4"});
    onnx::TensorProto& table = file.weight("table", {kPlaces, kPlaces});
    for (int i = 0; i < kPlaces; ++i)
        for (int j = 0; j < kPlaces; ++j) table.add_float_data(sees(i, j) ? 1 : 0);
    for (const auto& [name, content] : {std::pair("zero", 0), {"first", 1}, {"last", 2}}) file.numbers(name, {content});
    file.numbers("apart", {0, 0, 2, 2});
    file.numbers("joined", {0, 0, 4});
    real(file, "nothing", 0);
    real(file, "hidden", hidden);
    real(file, "scale", static_cast<float>(1 / std::sqrt(2.0)));
    onnx::NodeProto& shape = file.node("Shape", {"x"}, {"time"});
    Foreign::integer(shape, "start", 1);
    Foreign::integer(shape, "end", 2);
    file.node("Slice", {"table", "zero", "time", "zero"}, {"rows"});
    file.node("Slice", {"rows", "zero", "time", "first"}, {"mask"});
    file.node("Equal", {"mask", "nothing"}, {"hides"});
    file.node("Reshape", {"x", "apart"}, {"heads"});
    Foreign::integers(file.node("Transpose", {"heads"}, {"q"}), "perm", {0, 2, 1, 3});
    Foreign::integers(file.node("Transpose", {"heads"}, {"k"}), "perm", {0, 2, 3, 1});
    file.node("MatMul", {"q", "k"}, {"product"});
    file.node("Mul", {"product", "scale"}, {"scores"});
    file.node("Where", {"hides", "hidden", "scores"}, {"masked"});
    Foreign::integer(file.node("Softmax", {"masked"}, {"weights"}), "axis", -1);
    file.node("MatMul", {"weights", "q"}, {"mixed"});
    Foreign::integers(file.node("Transpose", {"mixed"}, {"turned"}), "perm", {0, 2, 1, 3});
    file.node("Reshape", {"turned", "joined"}, {"y"});
    file.output("y");
    return file;
}
const graph::Node* attentionOf(const graph::Graph& net) {
    const auto found = std::ranges::find_if(net.nodes(), [](const graph::Node& node) { return node.op->name == "Attention"; });
    return found == net.nodes().end() ? nullptr : &*found;
}

bool isBefore(int i, int j) { return j <= i; }
bool isNear(int i, int j) { return j <= i && i - j < 4; }
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

/// What a file has as several nodes, read as one (onnx_recognition.h); numbers are compared in tst_conformance, class Decoders.
class OnnxRecognition : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aChainIsOneNodeAndItsNumbersLeaveTheModel() {
        const formats::OnnxModel model = gelu().read();
        QCOMPARE(operatorsOf(model), Names{"Gelu"});
        QVERIFY(model.weights.empty() && model.graph.buffers().empty());
    }

    void anotherNumberIsAnotherCurve() { QCOMPARE(operatorsOf(gelu(1.5).read()).size(), std::size_t{5}); }

    void aNumberThatIsTrainedBelongsToNoChain() {
        Foreign file = gelu();
        file.reals("trained", {4});
        file.graph().mutable_node(4)->set_input(1, "trained");
        QCOMPARE(operatorsOf(file.read()).size(), std::size_t{5});
    }

    void whatSomebodyElseReadsOfAChainStays() {
        Foreign file = gelu();
        file.output("bent");
        QCOMPARE(operatorsOf(file.read()), (Names{"Div", "Erf", "Gelu"}));
    }

    void whatNobodyReadStaysUnlessItsChainGoes() {
        Foreign file = gelu();
        file.node("Relu", {"x"}, {"idle"});
        file.node("Relu", {"twice"}, {"idle_too"});
        QCOMPARE(operatorsOf(file.read()), (Names{"Gelu", "Relu"}));
    }

    // --- masks

    void aTableCutToTheLengthIsACausalMask() {
        const formats::OnnxModel model = attention(isBefore, -kInfinity).read();
        QCOMPARE(operatorsOf(model), Names{"Attention"});
        QCOMPARE(shapeOf(model), std::string("[batch, time, 4]"));
        const graph::Node& node = model.graph.nodes()[0];
        QVERIFY(node.inputs.size() == 3 && node.integer("is_causal", 0) == 1 && node.integer("q_num_heads", 0) == 2 && !node.attributes.contains("scale"));
        QVERIFY(model.weights.empty());
    }

    /// The first places of a window are those of a causal mask.
    void aWindowIsNoCausalMask() {
        const formats::OnnxModel model = attention(isNear, -kInfinity).read();
        const graph::Node* node = attentionOf(model.graph);
        QVERIFY(node && node->inputs.size() == 4 && node->integer("is_causal", 0) == 0);
    }

    void aSingleHoleIsSeen() {
        const formats::OnnxModel model = attention([](int i, int j) { return isBefore(i, j) && !(i == kPlaces - 1 && j == 2); }, -kInfinity).read();
        QVERIFY(attentionOf(model.graph)->integer("is_causal", 0) == 0);
    }

    /// A query that sees no key gets nothing from attention, but the mean of all values from a softmax of equal numbers.
    void aMaskOfFiniteNumbersIsCausalOrStaysApart() {
        QVERIFY(attentionOf(attention(isBefore, -1e9F).read().graph)->integer("is_causal", 0) == 1);
        QVERIFY(!attentionOf(attention(isNear, -1e9F).read().graph));
    }

    void aSmallNumberHidesNothing() { QVERIFY(!attentionOf(attention(isBefore, -10).read().graph)); }

    void allThatIsSeenIsNoMask() {
        const graph::Graph net = attention([](int, int) { return true; }, -kInfinity).read().graph;
        QCOMPARE(net.nodes().size(), std::size_t{1});
        QVERIFY(net.nodes()[0].inputs.size() == 3 && net.nodes()[0].integer("is_causal", 0) == 0);
    }

    // --- lengths that are free

    void placesAreAsManyAsADimensionOfAnInput() {
        Foreign file;
        file.input("x", {"batch", "time"});
        onnx::NodeProto& shape = file.node("Shape", {"x"}, {"ends"});
        Foreign::integer(shape, "start", 1);
        file.node("Squeeze", {"ends"}, {"end"});
        file.weight("begin", {}, onnx::TensorProto::INT64).add_int64_data(0);
        file.weight("step", {}, onnx::TensorProto::INT64).add_int64_data(1);
        file.node("Range", {"begin", "end", "step"}, {"y"});
        file.output("y");
        QCOMPARE(operatorsOf(file.read()), Names{"Places"});
        QCOMPARE(shapeOf(file.read()), std::string("[time]"));
        file.graph().mutable_initializer(0)->set_int64_data(0, 2);
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "y (Range)|time|Write the file with that length fixed");
    }

    void aTableIsCutToAFreeLength() {
        Foreign file;
        file.input("x", {"batch", "time"});
        file.reals("table", {3, 8});
        file.numbers("zero", {0});
        file.numbers("last", {1});
        onnx::NodeProto& shape = file.node("Shape", {"x"}, {"end"});
        Foreign::integer(shape, "start", 1);
        file.node("Slice", {"table", "zero", "end", "last"}, {"part"});
        file.node("Relu", {"part"}, {"y"});
        file.output("y");
        QCOMPARE(operatorsOf(file.read()), (Names{"Places", "Gather", "Relu"}));
        QCOMPARE(shapeOf(file.read()), std::string("[3, time]"));
        file.graph().mutable_initializer(1)->set_int64_data(0, 1);
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "part (Slice)|time|Write the file with that length fixed");
    }

    void oneNumberFillsAFreeLength() {
        Foreign file;
        file.input("x", {"batch", "time"});
        file.node("Shape", {"x"}, {"shape"});
        file.node("ConstantOfShape", {"shape"}, {"zeros"});
        file.node("Cos", {"zeros"}, {"y"});
        file.output("y");
        QCOMPARE(shapeOf(file.read()), std::string("[batch, time]"));
    }
};

HEADROOM_TEST(OnnxRecognition)
#include "tst_onnx_recognition.moc"
