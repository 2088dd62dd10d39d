// SPDX-License-Identifier: Apache-2.0
#include "base/graph/document.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "core/base/graph/nets.h"
#include "core/base/graph/operator_rows.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;
using headroom::test::shapeOf;
using nlohmann::json;

namespace {

/// As another process sees it: through text.
json sent(const Graph& graph) { return json::parse(toJson(graph).dump()); }

bool sameReals(const std::vector<double>& a, const std::vector<double>& b) {
    return std::ranges::equal(a, b, [](double x, double y) { return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y)); });
}

bool sameAttribute(const Attribute& a, const Attribute& b) {
    if (a.index() != b.index()) return false;
    if (const auto* real = std::get_if<double>(&a)) return sameReals({*real}, {std::get<double>(b)});
    if (const auto* reals = std::get_if<std::vector<double>>(&a)) return sameReals(*reals, std::get<std::vector<double>>(b));
    return a == b;
}

void compareValues(const Value& a, const Value& b) {
    QCOMPARE(b.name, a.name);
    QCOMPARE(b.kind, a.kind);
    QCOMPARE(b.type, a.type);
    QCOMPARE(b.producer, a.producer);
    QCOMPARE(b.initializer.kind, a.initializer.kind);
    QCOMPARE(b.initializer.scale, a.initializer.scale);
    QCOMPARE(b.initializer.fanIn, a.initializer.fanIn);
    QCOMPARE(b.weightDecay, a.weightDecay);
    QCOMPARE(b.frozen, a.frozen);
    QCOMPARE(b.constant, a.constant);
    QVERIFY(sameReals(b.reals, a.reals));
}

void compareNodes(const Node& a, const Node& b) {
    QCOMPARE(b.id, a.id);
    QCOMPARE(b.op, a.op);
    QCOMPARE(b.name, a.name);
    QCOMPARE(b.inputs, a.inputs);
    QCOMPARE(b.outputs, a.outputs);
    QCOMPARE(b.attributes.size(), a.attributes.size());
    for (const auto& [key, attribute] : a.attributes) QVERIFY2(b.attributes.contains(key) && sameAttribute(attribute, b.attributes.at(key)), key.c_str());
    QCOMPARE(b.block, a.block);
    QCOMPARE(b.outputCount, a.outputCount);
}

void compareGraphs(const Graph& a, const Graph& b) {
    QCOMPARE(b.name, a.name);
    QCOMPARE(b.outputs(), a.outputs());
    QCOMPARE(b.values().size(), a.values().size());
    QCOMPARE(b.nodes().size(), a.nodes().size());
    for (std::size_t i = 0; i < a.values().size(); ++i) compareValues(a.values()[i], b.values()[i]);
    for (std::size_t i = 0; i < a.nodes().size(); ++i) compareNodes(a.nodes()[i], b.nodes()[i]);
}

/// Values of every kind and type, attributes of every kind, absent inputs, optional outputs, and bytes that are not UTF-8.
Graph everything() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    Graph graph;
    graph.name = "every\xFFthing";
    const ValueId x = graph.addInput("x \"\\\n", {DType::F32, shapeOf("batch,8,4,4")});
    const ValueId scale = graph.addParameter("scale", {DType::F32, shapeOf("8")}, {Initializer::Kind::KaimingUniform, std::sqrt(5.0), 72}, false);
    graph.value(scale).frozen = true;
    const ValueId shift = graph.addParameter("shift", {DType::BF16, shapeOf("8")}, {Initializer::Kind::Normal, 0.02, 0}, true);
    const ValueId mean = graph.addBuffer("mean", {DType::F32, shapeOf("8")}, {Initializer::Kind::Ones, 1, 0});
    for (int type = 0; type <= static_cast<int>(DType::U64); ++type) {
        const auto dtype = static_cast<DType>(type);
        const bool isReal = isFloating(dtype);
        graph.addConstant("constant " + std::string(name(dtype)), {dtype, shapeOf("2,2")},
                          isReal ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), -1, 0, std::numeric_limits<std::int64_t>::max()},
                          isReal ? std::vector<double>{std::nan(""), -kInfinity, -0.0, 0.1} : std::vector<double>{});
    }
    const ValueId limit = graph.addConstant("limit", {DType::F32, {}}, {}, {kInfinity});
    const ValueId clipped = graph.addNode(*findOp("Clip"), "clipped", {x, kNone, limit}, {}, "a/0").front();
    const ValueId late = graph.addInput("late", {DType::F32, {Dim::named("4*batch"), Dim::fixed(0)}});
    const std::vector<ValueId> pooled = graph.addNode(*findOp("MaxPool"), "pooled", {clipped}, {{"kernel_shape", std::vector<std::int64_t>{2, 2}}}, "a/1", 2);
    const ValueId added = graph.addNode(kAdd, "added", {scale, mean}).front();
    graph.addNode(*findOp("LeakyRelu"), "leaky", {shift}, {{"alpha", std::nan("1")}});
    const ValueId sequence = graph.addInput("sequence", {DType::F32, shapeOf("4,2,5")});
    const ValueId weight = graph.addParameter("weight", {DType::F32, shapeOf("1,3,5")}, {});
    const ValueId recurrence = graph.addParameter("recurrence", {DType::F32, shapeOf("1,3,3")}, {});
    graph.addNode(*findOp("RNN"), "recurrent", {sequence, weight, recurrence},
                  {{"hidden_size", std::int64_t{3}},
                   {"direction", std::string("forward")},
                   {"clip", kInfinity},
                   {"activations", std::vector<std::string>{"Tanh", "\xC3"}},
                   {"activation_alpha", std::vector<double>{0.1, -kInfinity}},
                   {"activation_beta", std::vector<double>{}}});
    graph.setOutputs({pooled[0], added, late, pooled[0]});
    return graph;
}

struct Malformed {
    const char* name;
    const char* place;  ///< in the document of mlp
    json value;         ///< put there; a discarded one removes what is there
    Code code;
    const char* subject;
};

const std::vector<Malformed>& malformed() {
    static const json removed(json::value_t::discarded);
    static const std::vector<Malformed> rows{
        {"not an object", "", json::array(), Code::Cfg04, "format"},
        {"another format", "/format", "onnx", Code::Cfg04, "format"},
        {"a newer version", "/version", 2, Code::Cfg08, "version"},
        {"a missing key", "/nodes/0/op", removed, Code::Cfg04, "nodes/0"},
        {"an unknown key", "/nodes/0/opp", "Add", Code::Cfg07, "nodes/0"},
        {"an unknown operator", "/nodes/0/op", "Gemmm", Code::Onx10, "nodes/0/op"},
        {"an operator of another domain", "/nodes/0/domain", "headroom", Code::Onx10, "nodes/0/op"},
        {"an input that is not there yet", "/nodes/0/inputs/0", 1000000, Code::Onx09, "nodes/0/inputs/0"},
        {"a negative input", "/nodes/0/inputs/0", -1, Code::Onx09, "nodes/0/inputs/0"},
        {"an input that is text", "/nodes/0/inputs/0", "x", Code::Cfg04, "nodes/0/inputs/0"},
        {"a required input that is absent", "/nodes/0/inputs/0", nullptr, Code::Cfg09, "fc1 (Gemm)"},
        {"an output that is not there", "/outputs/0", 4096, Code::Onx09, "outputs/0"},
        {"another id for an output", "/nodes/0/outputs/0", 0, Code::Onx09, "nodes/0/outputs/0"},
        {"an output too many", "/nodes/0/outputs/1", 7, Code::Onx09, "nodes/0/outputs"},
        {"ids with a gap", "/values/0/id", 4095, Code::Onx09, "nodes/0/inputs/0"},
        {"a value's name twice", "/values/1/name", "input", Code::Onx09, "values/1"},
        {"a node with the name of a value", "/nodes/0/name", "input", Code::Cfg09, "input (Gemm)"},
        {"an attribute of another kind", "/nodes/0/attributes/0", {{"name", "transB"}, {"complex", 1}}, Code::Cfg04, "nodes/0/attributes/0"},
        {"an attribute of two kinds", "/nodes/0/attributes/0", {{"name", "transB"}, {"integer", 1}, {"real", 1.0}}, Code::Cfg07, "nodes/0/attributes/0"},
        {"an attribute that the operator has not", "/nodes/0/attributes/0", {{"name", "transC"}, {"integer", 1}}, Code::Cfg09, "fc1 (Gemm)"},
        {"a number beyond 64 bits", "/values/0/type/shape/1", std::uint64_t{1} << 63, Code::Cfg04, "values/0/type/shape/1"},
        {"a negative extent", "/values/0/type/shape/1", -1, Code::Cfg04, "values/0/type/shape/1"},
        {"an empty name of a dimension", "/values/0/type/shape/0", "batch*", Code::Cfg04, "values/0/type/shape/0"},
        {"a product that overflows", "/values/0/type/shape", {std::int64_t{1} << 32, std::int64_t{1} << 32}, Code::Onx04, "values/0/type"},
        {"factors that overflow", "/values/0/type/shape/0", "9999999999*9999999999*batch", Code::Onx04, "values/0/type"},
        {"too many dimensions", "/values/0/type/shape", std::vector<int>(33, 1), Code::Onx06, "values/0/type"},
        {"a parameter of no fixed size", "/values/1/type/shape/0", "batch", Code::Onx06, "values/1/type"},
        {"an unknown element type", "/values/0/type/dtype", "float8", Code::Cfg04, "values/0/type/dtype"},
        {"an unknown kind of value", "/values/0/kind", "activation", Code::Cfg04, "values/0/kind"},
        {"an unknown initializer", "/values/1/initializer/kind", "xavier", Code::Cfg04, "values/1/initializer/kind"},
        {"a scale that is text", "/values/1/initializer/scale", "infinity", Code::Cfg04, "values/1/initializer/scale"},
        {"half a byte", "/name", {{"hex", "abc"}}, Code::Cfg04, "name/hex"},
        {"no hexadecimal digits", "/name", {{"hex", "xy"}}, Code::Cfg04, "name/hex"},
        {"a weight decay that is a number", "/values/1/weight_decay", 1, Code::Cfg04, "values/1/weight_decay"},
        {"values that are no list", "/values", 3, Code::Cfg04, "values"},
        {"a value that is a number", "/values/0", 3, Code::Onx09, "nodes/0/inputs/0"},
    };
    return rows;
}

/// One place of the document, chosen by chance, gets another content, or what stands elsewhere.
void spoil(json& document, std::mt19937& random) {
    const json places = document.flatten();
    const auto any = [&] { return std::next(places.begin(), static_cast<std::ptrdiff_t>(random() % places.size())); };
    const std::vector<json> contents{nullptr, 0, -1, 1, 3, std::int64_t{1} << 31, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                                     0.5, "", "nan", "batch", json::array(), json::object(), {0, 0}, {{"hex", "ff"}}, any().value()};
    document[json::json_pointer(any().key())] = contents[random() % contents.size()];
}

}  // namespace

class TestDocument : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyArchitectureComesBackAsItWas_data() {
        QTest::addColumn<QString>("net");
        for (const test::NetCase& each : test::everyNet()) QTest::newRow(each.name.c_str()) << QString::fromStdString(each.name);
    }
    void everyArchitectureComesBackAsItWas() {
        QFETCH(QString, net);
        const auto all = test::everyNet();
        const Graph graph = test::trainingGraph(*std::ranges::find(all, net.toStdString(), &test::NetCase::name), 0.1);
        compareGraphs(graph, graphFromJson(sent(graph)));
    }

    void everyOperatorWithItsAttributesComesBackAsItWas() {
        for (const test::OperatorRow& row : test::operatorRows()) {
            if (row.output.empty()) continue;
            Graph graph;
            std::vector<ValueId> inputs;
            for (const std::string& each : row.inputs) inputs.push_back(test::addRowInput(graph, each, inputs.size()));
            graph.setOutputs(graph.addNode(*test::entryOf(row), "node", inputs, row.attributes));
            compareGraphs(graph, graphFromJson(sent(graph)));
        }
    }

    void valuesAndAttributesOfEveryKindComeBackAsTheyWere() {
        const Graph graph = everything();
        compareGraphs(graph, graphFromJson(sent(graph)));
    }

    void anEmptyGraphComesBackAsItWas() { compareGraphs({}, graphFromJson(sent({}))); }

    void aMalformedDocumentIsRefusedWithItsPlace_data() {
        QTest::addColumn<std::size_t>("index");
        for (std::size_t i = 0; i < malformed().size(); ++i) QTest::newRow(malformed()[i].name) << i;
    }
    void aMalformedDocumentIsRefusedWithItsPlace() {
        QFETCH(std::size_t, index);
        const Malformed& row = malformed()[index];
        json document = sent(test::trainingGraph({"mlp", test::table(108, 2)}));
        const json::json_pointer place(row.place);
        if (row.value.is_discarded()) {
            document[place.parent_pointer()].erase(place.back());
        } else {
            document[place] = row.value;
        }
        try {
            graphFromJson(document);
            QFAIL("it was taken");
        } catch (const Error& error) {
            QCOMPARE(QString::fromStdString(error.failures().front().subject), QString(row.subject));
            QCOMPARE(info(error.code()).text, info(row.code).text);
        }
    }

    void aConstantWhoseContentDoesNotFillItsShapeIsRefused() {
        Graph graph;
        graph.addConstant("c", {1, 2, 3});
        json document = sent(graph);
        document["values"][0]["integers"].erase(0);
        try {
            graphFromJson(document);
            QFAIL("it was taken");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Onx05);
        }
    }

    void whateverIsSpoiledIsTakenOrRefusedByCode() {
        std::mt19937 random(5);
        std::vector<json> documents{sent(everything()), sent(test::trainingGraph({"cnn", test::pictures(1, 28)}))};
        for (const test::OperatorRow& row : test::operatorRows()) {
            if (row.output.empty()) continue;
            Graph graph;
            std::vector<ValueId> inputs;
            for (const std::string& each : row.inputs) inputs.push_back(test::addRowInput(graph, each, inputs.size()));
            graph.addNode(*test::entryOf(row), "node", inputs, row.attributes);
            documents.push_back(sent(graph));
        }
        int taken = 0, refused = 0;
        for (int round = 0; round < 6000; ++round) {
            json document = documents[static_cast<std::size_t>(round) % documents.size()];
            for (unsigned times = 1 + random() % 3; times > 0; --times) spoil(document, random);
            try {
                const Graph graph = graphFromJson(document);
                compareGraphs(graph, graphFromJson(sent(graph)));
                ++taken;
            } catch (const Error& error) {
                QVERIFY(!error.failures().front().subject.empty());
                ++refused;
            }
        }
        QVERIFY2(taken > 100 && refused > 1000, qPrintable(QString("%1 taken, %2 refused").arg(taken).arg(refused)));
    }

    void tenThousandNodesAreReadWithinHalfASecond() {
        Graph graph;
        ValueId x = graph.addInput("x", {DType::F32, shapeOf("batch,64")});
        for (int i = 0; i < 10000; ++i) x = graph.addNode(kRelu, "relu" + std::to_string(i), {x}, {}, "block" + std::to_string(i / 100)).front();
        graph.setOutputs({x});
        const json document = toJson(graph);
        const std::clock_t before = std::clock();
        QCOMPARE(graphFromJson(document).nodes().size(), std::size_t{10000});
        const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
        QVERIFY2(seconds < 0.5, qPrintable(QString::number(seconds)));
    }
};

HEADROOM_TEST(TestDocument)
#include "tst_document.moc"
