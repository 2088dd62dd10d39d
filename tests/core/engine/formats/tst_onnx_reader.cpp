// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <random>

#include "base/errors/error.h"
#include "core/engine/formats/foreign.h"
#include "core/engine/formats/refusal.h"
#include "engine/formats/onnx_file.h"
#include "engine/formats/onnx_writer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;

namespace {

using Numbers = std::vector<std::int64_t>;
using test::Foreign, test::operatorsOf, test::shapeOf;

/// x -> Relu -> y
Foreign relu(int opset = 17) {
    Foreign file(opset);
    file.input("x", {"n", "4"});
    file.node("Relu", {"x"}, {"y"});
    file.output("y");
    return file;
}

}  // namespace

class OnnxReader : public QObject {
    Q_OBJECT
private Q_SLOTS:
    // --- bad inputs, rows 44 to 58

    void randomBytesAreNoModel() {
        const test::TemporaryFolder folder;
        std::mt19937 random(7);
        std::ofstream file(folder.path() / "noise.onnx", std::ios::binary);
        for (int i = 0; i < 1024; ++i) file.put(static_cast<char>(random()));
        file.close();
        EXPECT_REFUSED([&] { formats::readOnnx(folder.path() / "noise.onnx"); }, "ONX-01", "noise.onnx|not an ONNX file");
    }

    void aFileBeyondTheFormatsLimitIsRefusedUnread() {
        const test::TemporaryFolder folder;
        test::makeSparse(folder.path() / "large.onnx", 2'147'483'648u);
        EXPECT_REFUSED([&] { formats::readOnnx(folder.path() / "large.onnx"); }, "ONX-02", "2,147,483,648 bytes");
    }

    void weightsOutsideTheFileAreRefused_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        for (const char* location : {"../../etc/passwd", "a/../../b", "/etc/passwd", ""}) QTest::addRow("location %s", location) << QString("location") << QString(location);
        QTest::newRow("length") << QString("length") << QString("1000000000000000");
        QTest::newRow("offset") << QString("offset") << QString("-1");
        QTest::newRow("key") << QString("__class__") << QString("x");
    }
    void weightsOutsideTheFileAreRefused() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        Foreign file = relu();
        onnx::TensorProto& tensor = file.weight("w", {4});
        tensor.set_data_location(onnx::TensorProto::EXTERNAL);
        auto& entry = *tensor.add_external_data();
        entry.set_key(key.toStdString());
        entry.set_value(value.toStdString());
        EXPECT_REFUSED([&] { file.read(); }, "ONX-03", "outside the file");
    }

    void weightsOutsideTheFileAreFoundWhereverTheyStand_data() {
        QTest::addColumn<int>("place");
        for (const auto& [name, place] : {std::pair("initializer", 0), {"attribute", 1}, {"list of tensors", 2}, {"sparse attribute", 3}, {"subgraph", 4}, {"function", 5}})
            QTest::newRow(name) << place;
    }
    void weightsOutsideTheFileAreFoundWhereverTheyStand() {
        QFETCH(int, place);
        Foreign file = relu();
        onnx::FunctionProto function;
        function.set_name("f");
        function.add_node()->set_op_type("Constant");
        if (place == 5) *file.model.add_functions() = function;
        onnx::NodeProto& node = place == 5 ? *file.model.mutable_functions(0)->mutable_node(0) : file.node("Constant", {}, {"c"});
        onnx::AttributeProto& attribute = *node.add_attribute();
        onnx::TensorProto& tensor = place == 0   ? file.weight("w", {4})
                                    : place == 2 ? *attribute.add_tensors()
                                    : place == 3 ? *attribute.mutable_sparse_tensor()->mutable_indices()
                                    : place == 4 ? *attribute.mutable_g()->add_initializer()
                                                 : *attribute.mutable_t();
        tensor.set_name("w");
        auto& entry = *tensor.add_external_data();  // the location alone tells
        entry.set_key("location");
        entry.set_value("../../x");
        const auto path = file.save();
        EXPECT_REFUSED([&] { formats::requireOneFile(path); }, "ONX-03", "model.onnx|outside the file|w");
        EXPECT_REFUSED([&] { formats::readOnnx(path); }, "ONX-03", "outside the file");
    }

    void whatAnotherProgramMayRunIsNoMatterOfOneFile() {
        Foreign file = relu(9999);
        file.node("Exec", {"y"}, {"z"}, "com.example");
        QCOMPARE(test::refusal([&] { formats::requireOneFile(file.save()); }), QString("accepted"));
        const test::TemporaryFolder folder;
        EXPECT_REFUSED([&] { formats::requireOneFile(folder.write("net.onnx", "<?xml version=\"1.0\"?><net/>")); }, "ONX-01", "net.onnx");
    }

    void aSizeThatOverflowsIsRefused() {
        Foreign file = relu();
        file.weight("w", {std::int64_t{1} << 32, std::int64_t{1} << 32, 4});
        EXPECT_REFUSED([&] { file.read(); }, "ONX-04", "overflows");
    }

    void lessDataThanTheShapeSaysIsRefused() {
        Foreign file = relu();
        file.weight("w", {1000, 1000}).set_raw_data("abcd");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-05", "4,000,000 bytes declared, 4 bytes present");
    }

    void shapesOutOfRangeAreRefused() {
        Foreign negative = relu();
        negative.weight("w", {-4});
        EXPECT_REFUSED([&] { negative.read(); }, "ONX-06", "-4");
        Foreign deep = relu();
        deep.weight("w", Numbers(2000, 1));
        EXPECT_REFUSED([&] { deep.read(); }, "ONX-06", "2000|32");
        Foreign input;
        input.input("x", {"-3"});
        input.node("Relu", {"x"}, {"y"});
        input.output("y");
        EXPECT_REFUSED([&] { input.read(); }, "ONX-06", "-3");
    }

    void graphsNestedTooDeepAreRefusedWithoutRecursion() {
        // Written from the inside out: a message of 1,000 levels cannot be made with the generated classes without recursion.
        const auto field = [](int number, const std::string& content) {
            std::string bytes(1, static_cast<char>(number << 3 | 2));
            std::size_t size = content.size();
            do bytes += static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
            while ((size >>= 7) > 0);
            return bytes + content;
        };
        std::string graph;
        for (int level = 0; level < 1000; ++level) graph = field(1, field(5, field(6, graph)));
        const test::TemporaryFolder folder;
        std::ofstream file(folder.path() / "deep.onnx", std::ios::binary);
        file << field(7, graph);
        file.close();
        EXPECT_REFUSED([&] { formats::readOnnx(folder.path() / "deep.onnx"); }, "ONX-07", "depth 32");
    }

    void aCycleIsNamed() {
        Foreign file;
        file.input("x", {"4"});
        file.node("Add", {"x", "b"}, {"a"});
        file.node("Relu", {"a"}, {"b"});
        file.output("b");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-08", "cycle|a and b");
        Foreign functions = relu();
        for (const char* name : {"f", "g"}) {
            onnx::FunctionProto& function = *functions.model.add_functions();
            function.set_name(name);
            function.set_domain("mine");
            onnx::NodeProto& call = *function.add_node();
            call.set_domain("mine");
            call.set_op_type(name == std::string("f") ? "g" : "f");
        }
        EXPECT_REFUSED([&] { functions.read(); }, "ONX-08", "mine::f");
        Foreign many = relu();
        for (int i = 0; i < 10'001; ++i) many.model.add_functions();
        EXPECT_REFUSED([&] { many.read(); }, "ONX-08", "10,001");
    }

    void undefinedAndTwiceDefinedNamesAreRefused() {
        Foreign missing;
        missing.node("Relu", {"nowhere"}, {"y"});
        missing.output("y");
        EXPECT_REFUSED([&] { missing.read(); }, "ONX-09", "nowhere");
        Foreign twice = relu();
        twice.node("Relu", {"x"}, {"y"});
        EXPECT_REFUSED([&] { twice.read(); }, "ONX-09", "twice|y");
        Foreign late;
        late.input("x", {"4"});
        late.node("Relu", {"a"}, {"y"});
        late.node("Relu", {"x"}, {"a"});
        late.output("y");
        EXPECT_REFUSED([&] { late.read(); }, "ONX-09", "later");
        Foreign longName = relu();
        longName.weight(std::string(1025, 'w'), {1});
        EXPECT_REFUSED([&] { longName.read(); }, "ONX-09", "too long");
    }

    void unsupportedOperatorsAreListedAllAtOnceWithTheirNodes() {
        Foreign file = relu();
        file.node("Exec", {"x"}, {"evil"}, "com.evil");
        file.node("Frobnicate", {"x"}, {"b"}).set_name("my node");
        onnx::NodeProto& branch = file.node("If", {"x"}, {"c"});
        onnx::AttributeProto& attribute = *branch.add_attribute();
        attribute.set_name("then_branch");
        attribute.set_type(onnx::AttributeProto::GRAPH);
        attribute.mutable_g();
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "com.evil::Exec (evil)|Frobnicate (my node)|If (c)");
    }

    void anAbsentInputIsRefused() {
        Foreign file = relu();
        file.node("Shape", {}, {"s"});
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "s (Shape)|absent");
    }

    void aFormThatIsNotSupportedNamesItsNode() {
        Foreign file;
        file.input("x", {"n", "3", "8", "8"});
        file.input("shape", {"2"}, onnx::TensorProto::INT64);
        file.node("Reshape", {"x", "shape"}, {"y"}).set_name("flat");
        file.output("y");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "flat (Reshape)|constant");
    }

    void allFormsThatAreNotSupportedAreToldWithTheirNodes() {
        Foreign file;
        file.input("x", {"n", "3", "8", "8"});
        file.input("shape", {"2"}, onnx::TensorProto::INT64);
        file.node("Reshape", {"x", "shape"}, {"a"}).set_name("flat");
        file.node("Relu", {"a"}, {"b"}).set_name("behind");
        file.node("Expand", {"x", "shape"}, {"c"}).set_name("wide");
        file.node("Relu", {"x"}, {"d"}).set_name("good");
        for (const char* name : {"b", "c", "d"}) file.output(name);
        const QString refused = test::refusal([&] { file.read(); });
        for (const char* part : {"ONX-10", "flat (Reshape)", "wide (Expand)"}) QVERIFY2(refused.contains(part), qPrintable(refused));
        for (const char* part : {"behind", "good"}) QVERIFY2(!refused.contains(part), qPrintable(refused));
        Foreign many;
        many.input("x", {"n", "4"});
        many.input("shape", {"2"}, onnx::TensorProto::INT64);
        for (int i = 0; i < 50; ++i) many.node("Reshape", {"x", "shape"}, {"y" + std::to_string(i)});
        many.output("y0");
        EXPECT_REFUSED([&] { many.read(); }, "ONX-10", "y19 (Reshape)|30 more nodes");
    }

    void weightsOutsideTheFileAreToldTogetherWithTheOperators() {
        Foreign file = relu();
        for (int i = 0; i < 5; ++i) {
            onnx::TensorProto& tensor = file.weight("w" + std::to_string(i), {4});
            tensor.set_data_location(onnx::TensorProto::EXTERNAL);
        }
        file.node("Frobnicate", {"x"}, {"b"}).set_name("my node");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-03", "w0, w1, w2 and 2 more|onnx.save|Frobnicate (my node)");
    }

    void versionsOutOfRangeAreRefused() {
        Foreign newer = relu(9999);
        EXPECT_REFUSED([&] { newer.read(); }, "ONX-11", "9999|7 to 23");
        Foreign none = relu();
        none.model.clear_opset_import();
        EXPECT_REFUSED([&] { none.read(); }, "ONX-11", "none");
        Foreign unversioned = relu();
        unversioned.model.set_ir_version(0);
        EXPECT_REFUSED([&] { unversioned.read(); }, "ONX-11", "ir_version 0");
    }

    void whatWouldNeedTooMuchMemoryIsRefusedBeforeItRuns() {
        Foreign file;
        file.input("x", {"n", "1000"});
        file.numbers("repeats", {1, 1'000'000'000});
        file.node("Tile", {"x", "repeats"}, {"y"});
        file.output("y");
        EXPECT_REFUSED([&] { file.read(); }, "ONX-12", "memory");
        Foreign filled;
        filled.numbers("shape", {1'000'000, 1'000'000});
        filled.node("ConstantOfShape", {"shape"}, {"y"});
        filled.output("y");
        EXPECT_REFUSED([&] { filled.read(); }, "ONX-12", "4,000,000,000,000 bytes");
    }

    void encodingsThatAreNotSupportedAreRefused() {
        Foreign text = relu();
        text.weight("w", {1}, onnx::TensorProto::STRING).set_raw_data("abcd");
        EXPECT_REFUSED([&] { text.read(); }, "ONX-13", "element type 8");
        Foreign misplaced = relu();
        misplaced.weight("w", {1}, onnx::TensorProto::BFLOAT16).add_float_data(1);
        EXPECT_REFUSED([&] { misplaced.read(); }, "ONX-13", "field of another type");
        Foreign sparse = relu();
        sparse.graph().add_sparse_initializer();
        EXPECT_REFUSED([&] { sparse.read(); }, "ONX-13", "sparse");
    }

    void aMillionTinyNodesAreRefusedInTime() {
        Foreign file = relu();
        for (int i = 0; i < 1'000'000; ++i) file.graph().add_node();
        const std::filesystem::path path = file.save();
        const double before = test::cpuSeconds();
        EXPECT_REFUSED([&] { formats::readOnnx(path); }, "ONX-14", "1,000,001");
        QVERIFY(test::cpuSeconds() - before < 2);
    }

    void tenThousandNodesAreReadWithinASecond() {
        Foreign file;
        file.input("x", {"n", "4"});
        for (int i = 0; i < 10'000; ++i) file.node("Relu", {i == 0 ? "x" : "v" + std::to_string(i - 1)}, {"v" + std::to_string(i)});
        file.output("v9999");
        const std::filesystem::path path = file.save();
        const double before = test::cpuSeconds();
        QCOMPARE(formats::readOnnx(path).graph.nodes().size(), std::size_t{10'000});
        QVERIFY(test::cpuSeconds() - before < 1);
    }

    /// As files until opset 8 have them.
    void tenThousandWeightsThatAreInputsAsWellAreReadWithinASecond() {
        Foreign file = relu(8);
        for (int i = 0; i < 10'000; ++i) {
            const std::string name = "w" + std::to_string(i);
            file.input(name, {"1"});
            file.reals(name, {1});
        }
        const std::filesystem::path path = file.save();
        const double before = test::cpuSeconds();
        QCOMPARE(formats::readOnnx(path).graph.inputs().size(), std::size_t{1});
        QVERIFY(test::cpuSeconds() - before < 1);
    }

    void aPickleIsNoModel() {
        const test::TemporaryFolder folder;
        std::ofstream(folder.path() / "net.onnx", std::ios::binary) << std::string("\x80\x04\x95\x10", 4);
        EXPECT_REFUSED([&] { formats::readOnnx(folder.path() / "net.onnx"); }, "PKL-01", "pickle");
    }

    void attributesOfAnotherTypeAreRefused() {
        Foreign file = relu();
        Foreign::integer(file.node("Gelu", {"y"}, {"z"}), "approximate", 1);
        EXPECT_REFUSED([&] { file.read(); }, "ONX-10", "attribute");
    }

    // --- what becomes of what

    void weightsBecomeParametersAndWhatSaysShapesDoesNot() {
        Foreign file;
        file.input("x", {"n", "3", "4"});
        file.reals("w", {12, 5});
        file.numbers("shape", {0, -1});
        file.node("Reshape", {"x", "shape"}, {"flat"});
        file.node("MatMul", {"flat", "w"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        QCOMPARE(model.graph.parameters().size(), std::size_t{1});
        QCOMPARE(model.weights.size(), std::size_t{1});
        QCOMPARE(model.weights[0].name, std::string("w"));
        QCOMPARE(shapeOf(model), std::string("[batch, 5]"));
        float second = 0;
        std::memcpy(&second, model.weights[0].data.data() + sizeof(float), sizeof(float));
        QCOMPARE(second, 0.75F);
    }

    void runningStatisticsBecomeBuffers() {
        Foreign file(9);
        file.input("x", {"n", "3", "8", "8"});
        for (const char* name : {"scale", "bias", "mean", "variance"}) file.reals(name, {3});
        file.node("BatchNormalization", {"x", "scale", "bias", "mean", "variance"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        QCOMPARE(model.graph.parameters().size(), std::size_t{2});
        QCOMPARE(model.graph.buffers().size(), std::size_t{2});
    }

    void sixteenBitFloatsAreReadAsThirtyTwo_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<QList<int>>("bits");
        QTest::newRow("fp16") << int(onnx::TensorProto::FLOAT16) << QList<int>{0x3C00, 0xC100, 0x0001, 0x7BFF};
        QTest::newRow("bf16") << int(onnx::TensorProto::BFLOAT16) << QList<int>{0x3F80, 0xC020, 0x3380, 0x477F};
    }
    void sixteenBitFloatsAreReadAsThirtyTwo() {
        QFETCH(int, type);
        QFETCH(QList<int>, bits);
        Foreign file;
        file.input("x", {"n", "2"}, type);
        for (const int each : bits) (file.graph().initializer_size() ? *file.graph().mutable_initializer(0) : file.weight("w", {2, 2}, type)).add_int32_data(each);
        file.node("MatMul", {"x", "w"}, {"product"});
        Foreign::integer(file.node("Cast", {"product"}, {"wide"}), "to", onnx::TensorProto::FLOAT);
        Foreign::integer(file.node("Cast", {"wide"}, {"y"}), "to", type);
        file.output("y");
        const formats::OnnxModel model = file.read();
        QVERIFY(model.halfWidened && !relu().read().halfWidened);
        for (const graph::Value& value : model.graph.values()) QVERIFY(value.type.dtype == graph::DType::F32);
        const bool isHalf = type == onnx::TensorProto::FLOAT16;
        std::vector<float> found(4);
        QCOMPARE(model.weights[0].data.size(), sizeof(float) * 4);
        std::memcpy(found.data(), model.weights[0].data.data(), sizeof(float) * 4);
        QCOMPARE(found, isHalf ? (std::vector<float>{1, -2.5F, 0x1p-24F, 65504}) : (std::vector<float>{1, -2.5F, 0x1p-24F, 65280}));
        formats::OnnxReadOptions asWritten;
        asWritten.widensHalf = false;
        QVERIFY(file.read(asWritten).weights[0].dtype != graph::DType::F32);
    }

    void whatIsComputedFromSmallWeightsIsTrained_data() {
        QTest::addColumn<QString>("op");
        QTest::addColumn<int>("operands");
        for (const auto& [op, operands] : {std::pair("Add", 2), {"Mul", 2}, {"Sub", 2}, {"Neg", 1}, {"Identity", 1}, {"Concat", 2}}) QTest::newRow(op) << QString(op) << operands;
    }
    void whatIsComputedFromSmallWeightsIsTrained() {
        QFETCH(QString, op);
        QFETCH(int, operands);
        Foreign file;
        file.input("x", {"n", "4"});
        file.reals("w", {4, op == "Concat" ? 4 : 2});
        file.reals("b1", {2});
        file.reals("b2", {2});
        onnx::NodeProto& made = file.node(op.toStdString(), operands == 2 ? std::vector<std::string>{"b1", "b2"} : std::vector<std::string>{"b1"}, {"b"});
        if (op == "Concat") Foreign::integer(made, "axis", 0);
        file.node("Gemm", {"x", "w", "b"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        QCOMPARE(model.graph.parameters().size(), static_cast<std::size_t>(operands) + 1);
        QVERIFY(model.graph.buffers().empty());
    }

    void weightsThatSayHowLargeSomethingIsAreNoneOfTraining() {
        Foreign file;
        file.input("x", {"n", "3", "4", "4"});
        file.reals("roi", {0});
        file.weight("same", {2}).mutable_float_data()->Add(1);
        file.graph().mutable_initializer(1)->add_float_data(1);
        file.weight("twice", {2}).mutable_float_data()->Add(2);
        file.graph().mutable_initializer(2)->add_float_data(2);
        Foreign::integer(file.node("Concat", {"same", "twice"}, {"scales"}), "axis", 0);
        file.node("Resize", {"x", "roi", "scales"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        QCOMPARE(shapeOf(model), std::string("[batch, 3, 8, 8]"));
        QVERIFY(model.graph.parameters().empty());
    }

    void aShapeComputedFromTheInputLeavesNoNodes() {
        Foreign file;
        file.input("x", {"n", "6", "4"});
        file.numbers("first", {0});
        file.numbers("rest", {-1});
        file.node("Shape", {"x"}, {"shape"});
        file.node("Gather", {"shape", "first"}, {"batch"});
        file.node("Concat", {"batch", "rest"}, {"target"}).add_attribute()->set_name("axis");
        file.graph().mutable_node(2)->mutable_attribute(0)->set_type(onnx::AttributeProto::INT);
        file.node("Reshape", {"x", "target"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        QCOMPARE(operatorsOf(model), std::vector<std::string>{"Reshape"});
        QCOMPARE(shapeOf(model), std::string("[batch, 24]"));
    }

    void aBatchOfOneIsFreedWhereEveryNodeAllowsIt() {
        Foreign file;
        file.input("x", {"1", "3", "4"});
        file.numbers("shape", {1, 12});
        file.node("Reshape", {"x", "shape"}, {"y"});
        file.output("y");
        QVERIFY(file.read().batchFreed);
        QCOMPARE(shapeOf(file.read()), std::string("[batch, 12]"));
        formats::OnnxReadOptions asWritten;
        asWritten.freesBatch = false;
        QCOMPARE(shapeOf(file.read(asWritten)), std::string("[1, 12]"));
    }

    void aBatchOfOneStaysWhereSamplesWouldMix() {
        Foreign file(13);
        file.input("x", {"1", "4"});
        Foreign::integer(file.node("Softmax", {"x"}, {"y"}), "axis", 0);
        file.output("y");
        QVERIFY(!file.read().batchFreed);
        Foreign mean(13);
        mean.input("x", {"1", "4"});
        Foreign::integers(mean.node("ReduceMean", {"x"}, {"y"}), "axes", {0});
        mean.output("y");
        QVERIFY(!mean.read().batchFreed);
    }

    // --- older opsets

    void olderFormsBecomeThoseOfTheGraph_data() {
        QTest::addColumn<QString>("op");
        QTest::addColumn<int>("opset");
        QTest::addColumn<QString>("expected");
        QTest::newRow("softmax over all behind the axis") << QString("Softmax") << 11 << QString("Flatten Softmax Reshape");
        QTest::newRow("softmax over one axis") << QString("Softmax") << 13 << QString("Softmax");
        QTest::newRow("axes as attribute") << QString("ReduceMean") << 13 << QString("ReduceMean");
        QTest::newRow("squeeze") << QString("Squeeze") << 11 << QString("Squeeze");
        QTest::newRow("clip") << QString("Clip") << 6 + 4 << QString("Clip");
        QTest::newRow("dropout") << QString("Dropout") << 10 << QString("Dropout");
    }
    void olderFormsBecomeThoseOfTheGraph() {
        QFETCH(QString, op);
        QFETCH(int, opset);
        QFETCH(QString, expected);
        Foreign file(opset);
        file.input("x", {"2", "1", "4"});
        onnx::NodeProto& node = file.node(op.toStdString(), {"x"}, {"y"});
        if (op == "ReduceMean" || op == "Squeeze") Foreign::integers(node, "axes", {1});
        file.output("y");
        formats::OnnxReadOptions asWritten;
        asWritten.freesBatch = false;
        const formats::OnnxModel model = file.read(asWritten);
        QStringList found;
        for (const std::string& each : operatorsOf(model)) found << QString::fromStdString(each);
        QCOMPARE(found.join(' '), expected);
    }

    void whatWeWriteWeRead() {
        Foreign file;
        file.input("x", {"n", "3", "8", "8"});
        file.reals("w", {4, 3, 3, 3});
        file.node("Conv", {"x", "w"}, {"c"});
        file.node("Relu", {"c"}, {"y"});
        file.output("y");
        const formats::OnnxModel model = file.read();
        const test::TemporaryFolder folder;
        std::vector<formats::StView> views;
        for (const graph::HostTensor& weight : model.weights) views.push_back({{weight.name, formats::StType::F32, weight.shape}, weight.data});
        formats::writeOnnx(folder.path() / "again.onnx", model.graph, views);
        const formats::OnnxModel again = formats::readOnnx(folder.path() / "again.onnx");
        QCOMPARE(operatorsOf(again), operatorsOf(model));
        QCOMPARE(shapeOf(again), shapeOf(model));
        QVERIFY(again.weights[0].data == model.weights[0].data);
    }
};

HEADROOM_TEST(OnnxReader)
#include "tst_onnx_reader.moc"
