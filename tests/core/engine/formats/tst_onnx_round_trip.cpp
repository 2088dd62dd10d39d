// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <vector>

#include "base/graph/op_entry.h"
#include "base/graph/rewrites/cached_decoder.h"
#include "core/base/graph/nets.h"
#include "core/base/graph/operator_rows.h"
#include "core/engine/formats/refusal.h"
#include "engine/formats/onnx_reader.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using graph::Graph;
using graph::Node;
using graph::ValueId;

namespace {

graph::Graph netOf(const test::NetCase& net) { return models::build(net.name, net.data, net.options); }

/// A number for every element of every parameter and buffer.
struct Weights {
    std::vector<std::vector<float>> data;
    std::vector<StView> views;

    explicit Weights(const Graph& net) {
        for (const graph::Value& value : net.values()) {
            if (value.kind != graph::ValueKind::Parameter && value.kind != graph::ValueKind::Buffer) continue;
            StSpec spec{value.name, StType::F32, graph::resolved(value.type.shape, {})};
            data.emplace_back(static_cast<std::size_t>(graph::elementCount(spec.shape)), 0.5F + static_cast<float>(data.size()));
            views.push_back({std::move(spec), {}});
        }
        for (std::size_t i = 0; i < views.size(); ++i) views[i].bytes = std::as_bytes(std::span(data[i]));
    }
};

/// Says where two graphs differ in more than the names of their values and nodes.
class Comparison {
public:
    Comparison(const Graph& a, const Graph& b) : m_a(a), m_b(b) {}

    QString difference() {
        if (m_a.nodes().size() != m_b.nodes().size()) return QString("%1 and %2 nodes").arg(m_a.nodes().size()).arg(m_b.nodes().size());
        for (std::size_t k = 0; k < m_a.nodes().size(); ++k)
            if (!same(m_a.nodes()[k], m_b.nodes()[k])) return QString::fromStdString(m_a.nodes()[k].name + ": " + m_why);
        if (!same(m_a.outputs(), m_b.outputs())) return "outputs: " + QString::fromStdString(m_why);
        return m_a.parameters().size() == m_b.parameters().size() && m_a.buffers().size() == m_b.buffers().size() ? QString() : "other parameters";
    }

private:
    bool differs(std::string why) {
        m_why = std::move(why);
        return false;
    }
    /// Real attributes are fp32 in a file.
    static graph::Attributes asInFiles(graph::Attributes attributes) {
        for (auto& [key, value] : attributes)
            if (double* number = std::get_if<double>(&value)) *number = static_cast<float>(*number);
        return attributes;
    }
    bool same(const Node& a, const Node& b) {
        if (a.op != b.op) return differs(std::string(b.op->name));
        if (asInFiles(a.attributes) != asInFiles(b.attributes)) return differs("attributes");
        return same(a.inputs, b.inputs) && same(a.outputs, b.outputs);
    }
    bool same(const std::vector<ValueId>& a, const std::vector<ValueId>& b) {
        if (a.size() != b.size()) return differs("other inputs or outputs");
        for (std::size_t i = 0; i < a.size(); ++i)
            if ((a[i] == graph::kNone) != (b[i] == graph::kNone) || (a[i] != graph::kNone && !same(a[i], b[i]))) return false;
        return true;
    }
    bool same(ValueId a, ValueId b) {
        const graph::Value &left = m_a.value(a), &right = m_b.value(b);
        if (m_partners.emplace(a, b).first->second != b && left.kind != graph::ValueKind::Constant) return differs(right.name + " in place of " + left.name);
        if (left.kind != right.kind || left.type != right.type) return differs(right.name + " " + graph::toString(right.type.shape) + " in place of " + graph::toString(left.type.shape));
        return (left.constant == right.constant && left.reals == right.reals) || differs(right.name + " holds other numbers");
    }

    const Graph &m_a, &m_b;
    std::map<ValueId, ValueId> m_partners;
    std::string m_why;
};

}  // namespace

class OnnxRoundTrip : public QObject {
    Q_OBJECT

    static void nets() {
        QTest::addColumn<int>("net");
        QTest::addColumn<int>("opset");
        const auto all = test::everyNet();
        for (const int opset : {17, 23})
            for (std::size_t k = 0; k < all.size(); ++k) QTest::addRow("%s, opset %d", all[k].name.c_str(), opset) << static_cast<int>(k) << opset;
    }

    /// Written and read again.
    static OnnxModel again(const Graph& graph, const Weights& weights, const std::filesystem::path& folder, int opset) {
        writeOnnx(folder / "model.onnx", graph, weights.views, {opset, {}});
        return readOnnx(folder / "model.onnx");
    }

    /// Extents that are known are computed when a file is read; what attention tells besides its result stays with the steps that make it.
    static bool isTakenApart(const test::OperatorRow& row) { return row.op == "ConstantOfShape" || row.op == "Places" || row.op == "Shape" || row.op == "Size" || (row.op == "Attention" && row.outputs > 1); }

    /// 17, or the oldest that has the operators.
    static void writeAtOldest(const std::filesystem::path& file, const Graph& graph) {
        for (int opset = 17; opset < 23; ++opset)
            if (test::refusal([&] { writeOnnx(file, graph, {}, {opset, {}}); }) == "accepted") return;
        writeOnnx(file, graph, {}, {23, {}});
    }

private Q_SLOTS:
    /// Also where the opset has no such operator - attention, Gelu - and for what no opset has: positions that are added.
    void aNetThatIsWrittenAndReadIsTheSameUpToNames_data() { nets(); }
    void aNetThatIsWrittenAndReadIsTheSameUpToNames() {
        QFETCH(int, net);
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        const Graph graph = netOf(test::everyNet()[static_cast<std::size_t>(net)]);
        const OnnxModel read = again(graph, Weights(graph), folder.path(), opset);
        const QString difference = Comparison(graph, read.graph).difference();
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }

    /// So that text goes on token by token from a run of such a file, too.
    void aDecoderThatIsReadKeepsItsKeysAndValues() {
        const test::TemporaryFolder folder;
        for (const test::NetCase& net : test::everyNet()) {
            const Graph graph = netOf(net);
            if (!graph::cachedDecoder(graph)) continue;
            const auto kept = graph::cachedDecoder(again(graph, Weights(graph), folder.path(), 17).graph);
            QVERIFY2(kept && kept->step.nodes().size() == graph::cachedDecoder(graph)->step.nodes().size(), net.name.c_str());
        }
    }

    /// Whatever the file has to write in its place.
    void aFormThatIsWrittenAtTheOldestOpsetAndReadIsTheSame_data() {
        QTest::addColumn<int>("row");
        const std::vector<test::OperatorRow>& rows = test::operatorRows();
        for (std::size_t k = 0; k < rows.size(); ++k)
            if (!rows[k].output.empty() && !isTakenApart(rows[k])) QTest::addRow("%s, row %d", rows[k].op.c_str(), static_cast<int>(k)) << static_cast<int>(k);
    }
    void aFormThatIsWrittenAtTheOldestOpsetAndReadIsTheSame() {
        QFETCH(int, row);
        const test::OperatorRow& one = test::operatorRows()[static_cast<std::size_t>(row)];
        Graph graph;
        std::vector<ValueId> inputs;
        for (std::size_t i = 0; i < one.inputs.size(); ++i) inputs.push_back(test::addRowInput(graph, one.inputs[i], i));
        while (!inputs.empty() && inputs.back() == graph::kNone) inputs.pop_back();
        graph.setOutputs(graph.addNode(*test::entryOf(one), "node", inputs, one.attributes, {}, one.outputs));
        const test::TemporaryFolder folder;
        writeAtOldest(folder.path() / "model.onnx", graph);
        OnnxModel read;
        const QString refusal = test::refusal([&] { read = readOnnx(folder.path() / "model.onnx", {.limits = {}, .known = {}, .freesBatch = false}); });
        QCOMPARE(refusal, QString("accepted"));
        const QString difference = Comparison(graph, read.graph).difference();
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }

    /// Bit for bit, also by way of PyPI's package.
    void weightsThatAreWrittenAndReadAreTheSame() {
        REQUIRE_PYTHON();
        for (const test::NetCase& net : test::everyNet()) {
            const Graph graph = netOf(net);
            if (graph.parameterCount() > 6'000'000) continue;  // the same layers once more, and larger
            const test::TemporaryFolder folder;
            const Weights weights(graph);
            writeSafetensors(folder.path() / "ours.safetensors", weights.views);
            const QString done = test::python(
                "import sys, safetensors.numpy as s\ns.save_file(s.load_file(sys.argv[1]), sys.argv[2])",
                {QString::fromStdString((folder.path() / "ours.safetensors").string()), QString::fromStdString((folder.path() / "theirs.safetensors").string())});
            QVERIFY2(done.isEmpty(), qPrintable(done));
            for (const char* name : {"ours.safetensors", "theirs.safetensors"}) {
                const SafetensorsFile file(folder.path() / name);
                QCOMPARE(file.tensors().size(), weights.views.size());
                for (const StView& view : weights.views) {
                    const std::vector<std::byte> bytes = file.read(*file.find(view.spec.name));
                    QVERIFY(std::ranges::equal(bytes, view.bytes));
                }
            }
        }
    }
};

HEADROOM_TEST(OnnxRoundTrip)
#include "tst_onnx_round_trip.moc"
