// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <random>

#include "base/graph/op_entry.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/models/models.h"
#include "core/engine/formats/refusal.h"
#include "engine/formats/onnx_writer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

models::DataShape shapeFor(const std::string& arch) {
    models::DataShape shape;
    shape.outputs = 10;
    shape.height = shape.width = arch == "resnet20" ? 32 : 28;
    shape.channels = arch == "resnet20" ? 3 : 1;
    if (arch == "mlp") shape.kind = models::DataKind::Table;
    shape.features = 20;
    if (arch != "gpt_mini") return shape;
    shape.kind = models::DataKind::Text;
    shape.task = models::Task::NextToken;
    shape.vocabulary = 65;
    return shape;
}

/// Random weights for every parameter and buffer, variances above 0.
struct Weights {
    std::vector<std::vector<float>> data;
    std::vector<StView> views;

    explicit Weights(const graph::Graph& net) {
        std::mt19937 random(1);
        std::normal_distribution<float> normal(0, 0.1F);
        for (const graph::Value& value : net.values()) {
            if (value.kind != graph::ValueKind::Parameter && value.kind != graph::ValueKind::Buffer) continue;
            StSpec spec{value.name, StType::F32, graph::resolved(value.type.shape, {})};
            data.emplace_back(static_cast<std::size_t>(graph::elementCount(spec.shape)));
            const bool variance = value.name.ends_with("running_var");
            for (float& number : data.back()) number = variance ? 1 + std::abs(normal(random)) : normal(random);
            views.push_back({std::move(spec), {}});
        }
        for (std::size_t i = 0; i < views.size(); ++i) views[i].bytes = std::as_bytes(std::span(data[i]));
    }
};

// Checks every file given, runs it in ONNX Runtime on inputs that depend on the net alone, prints the largest
// difference to the first file's outputs relative to the largest output.
const char* const kRunAll = R"(
import sys, numpy, onnx, onnxruntime
first = None
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    given = session.get_inputs()[0]
    for batch in (1, 3):
        random = numpy.random.default_rng(batch)
        shape = [{'batch': batch, 'sequence': 16 + batch}.get(d, d) for d in given.shape]
        x = random.integers(0, 65, shape) if 'int' in given.type else random.standard_normal(shape).astype('float32')
        y = session.run(None, {given.name: x})[0]
    first = y if first is None else first
    print('%.1e' % (abs(y - first).max() / abs(first).max()), given.name, given.shape, y.shape)
)";

}  // namespace

class TestOnnxWriter : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

private Q_SLOTS:
    void everyNetGivesTheSameInEveryOpsetAndFormOfTheGraph_data() {
        QTest::addColumn<QString>("arch");
        for (const char* arch : {"mlp", "cnn", "resnet20", "gpt_mini"}) QTest::newRow(arch) << QString(arch);
    }
    void everyNetGivesTheSameInEveryOpsetAndFormOfTheGraph() {
        REQUIRE_PYTHON();
        QFETCH(QString, arch);
        models::ModelOptions options;
        options.dropout = 0.1;
        const graph::Graph net = models::build(arch.toStdString(), shapeFor(arch.toStdString()), options);
        const Weights weights(net);
        QStringList files;
        for (const int opset : {17, 18, 20, 23})
            for (const bool fused : {false, true}) {
                const auto path = m_folder.path() / fmt::format("{}-{}-{}.onnx", arch.toStdString(), opset, fused);
                writeOnnx(path, fused ? graph::fusedForTraining(net) : net, weights.views, {opset, {}});
                files << QString::fromStdString(path.string());
            }
        const QString out = python(kRunAll, files);
        QVERIFY2(!out.startsWith("failed"), qPrintable(out));
        for (const QString& line : out.trimmed().split('\n')) {
            // fp32 sums in another order: some units in the last place of the largest logit.
            QVERIFY2(line.section(' ', 0, 0).toDouble() < 1e-6, qPrintable(out));
            QVERIFY2(line.contains("'batch'"), qPrintable(line));
        }
    }
    void theFileSaysWhatItIs() {
        REQUIRE_PYTHON();
        const graph::Graph net = models::build("gpt_mini", shapeFor("gpt_mini"), {0.1});
        const auto path = m_folder.path() / "model.onnx";
        writeOnnx(path, net, Weights(net).views, {17, {{"run", "r-1"}, {"classes", "[\"a\",\"b\"]"}}});
        const QString out = python(
            "import sys, onnx\nm = onnx.load(sys.argv[1])\n"
            "print(m.ir_version, m.opset_import[0].version, m.producer_name, bool(m.producer_version))\n"
            "print({p.key: p.value for p in m.metadata_props})\n"
            "print([n for n in ('Dropout', 'Attention', 'Gelu') if n in {n.op_type for n in m.graph.node}])\n"
            "print(len(m.graph.initializer) == len({t.name for t in m.graph.initializer}), [o.name for o in "
            "m.graph.output])\n",
            {QString::fromStdString(path.string())});
        QCOMPARE(out.trimmed(),
                 QString("8 17 Headroom True\n{'classes': '[\"a\",\"b\"]', 'run': 'r-1'}\n[]\nTrue ['logits']"));
    }
    void operatorsThatOnlyTrainingHasAreRefusedByName() {
        graph::Graph net = models::build("mlp", shapeFor("mlp"));
        models::appendLoss(net, models::Task::Classification);
        const auto path = m_folder.path() / "loss.onnx";
        EXPECT_REFUSED([&] { writeOnnx(path, net, Weights(net).views); }, "EXP-01",
                       net.node(graph::NodeId(net.nodes().size() - 1)).op->name.data());
        QVERIFY(!std::filesystem::exists(path));
    }
    void weightsThatAreMissingOrOfAnotherSizeAreFound() {
        const graph::Graph net = models::build("mlp", shapeFor("mlp"));
        Weights weights(net);
        const auto path = m_folder.path() / "bad.onnx";
        weights.views[0].bytes = weights.views[0].bytes.first(4);
        EXPECT_REFUSED([&] { writeOnnx(path, net, weights.views); }, "INT-01", "another size");
        weights.views.erase(weights.views.begin());
        EXPECT_REFUSED([&] { writeOnnx(path, net, weights.views); }, "INT-01", "missing");
    }
};

HEADROOM_TEST(TestOnnxWriter)
#include "tst_onnx_writer.moc"
