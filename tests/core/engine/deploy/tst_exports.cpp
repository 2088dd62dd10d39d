// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>

#include <QProcess>
#include <algorithm>
#include <array>
#include <fstream>

#include "base/graph/op_entry.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/shape.h"
#include "core/base/graph/nets.h"
#include "core/engine/deploy/people.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/inputs.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/exported_file.h"
#include "engine/deploy/exporter.h"
#include "engine/deploy/model_config.h"
#include "engine/deploy/opset.h"
#include "engine/deploy/predictor.h"
#include "engine/deploy/prover.h"
#include "engine/deploy/weight_bytes.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/formats/onnx_writer.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::test;
using graph::Graph;
using graph::ValueId;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kColumns = 6;

template <class Number>
graph::HostTensor filled(const char* name, graph::DType type, std::vector<std::int64_t> shape, const std::vector<Number>& numbers) {
    const auto bytes = std::as_bytes(std::span(numbers));
    return {name, type, std::move(shape), {bytes.begin(), bytes.end()}};
}

/// Somebody's net on rows: what `add` makes of the input [batch, 6], three columns wide, then a product.
struct Somebodys {
    Graph graph;
    std::vector<graph::HostTensor> weights;

    template <class Add>
    explicit Somebodys(const Add& add) {
        const ValueId x = graph.addInput("input", {graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(kColumns)}});
        const ValueId made = add(graph, x);
        const std::int64_t width = graph.value(made).type.shape[1].extent;
        const ValueId w = graph.addParameter("w", {graph::DType::F32, graph::fixedShape({width, 2})}, {});
        graph.setOutputs({graph.addNode(graph::kGemm, "y", {made, w}).front()});
        std::vector<float> numbers(static_cast<std::size_t>(2 * width));
        for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = 0.5F - 0.25F * static_cast<float>(k % 5);
        weights.push_back(filled("w", graph::DType::F32, {width, 2}, numbers));
    }

    deploy::TrainedModel trained() const {
        deploy::TrainedModel made{store::RunFolder("20260101-0000-test"), {}, {}, nullptr, 7, {}, {}};
        made.config.model.file = "/models/foreign.onnx";
        made.dataset.shape = test::table(kColumns, 2);
        made.model = std::make_unique<train::Model>(made.config, models::Basis(made.dataset.shape, std::make_shared<const Graph>(graph)), at::kCPU,
                                                    [this](const Graph&) { return weights; });
        return made;
    }
};

Somebodys padded() {
    return Somebodys([](Graph& net, ValueId x) {
        const ValueId pads = net.addConstant("pads", {1, 2}), axes = net.addConstant("axes", {1});
        return net.addNode(*graph::findOp("Pad"), "pad", {x, pads, graph::kNone, axes}).front();
    });
}

std::string contentOf(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Without the row of names.
std::string nameless(int first, int count) {
    const std::string rows = people(first, count);
    return rows.substr(rows.find('\n') + 1);
}

std::vector<nlohmann::json> pythonAnswers(const fs::path& folder, const fs::path& input) {
    QProcess python;
    python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {QString::fromStdString((folder / "predict.py").string()), QString::fromStdString(input.string())});
    if (!python.waitForFinished(120'000) || python.exitCode() != 0) {
        qWarning() << python.readAllStandardError();
        return {};
    }
    std::vector<nlohmann::json> answers;
    for (const QByteArray& line : python.readAllStandardOutput().trimmed().split('\n')) answers.push_back(nlohmann::json::parse(line.toStdString()));
    return answers;
}

}  // namespace

/// Compiles predict.cpp as its first lines say, and what it prints for a sample of these bytes; empty where anything failed.
QByteArray cppAnswer(const fs::path& folder, const std::string& sample) {
    const fs::path libraries = fs::path(HEADROOM_OPENVINO).parent_path() / "libs";
    std::string library;
    for (const auto& each : fs::directory_iterator(libraries))
        if (each.path().filename().string().starts_with("libopenvino.so")) library = each.path().string();
    std::ofstream(folder / "sample.bin", std::ios::binary) << sample;
    const auto ran = [&](const QString& program, const QStringList& arguments) {
        QProcess process;
        process.setWorkingDirectory(QString::fromStdString(folder.string()));
        process.start(program, arguments);
        const bool ended = process.waitForFinished(240'000) && process.exitCode() == 0;
        const QByteArray answer = process.readAllStandardOutput(), errors = process.readAllStandardError();
        if (!ended) qWarning() << errors;
        return std::pair(ended, answer);
    };
    const QString rpath = QString::fromStdString("-Wl,-rpath," + libraries.string());
    if (!ran("c++", {"-std=c++17", "predict.cpp", "-isystem", HEADROOM_OPENVINO, QString::fromStdString(library), rpath, "-o", "predict"}).first) return {};
    return ran(QString::fromStdString((folder / "predict").string()), {"sample.bin"}).second.trimmed();
}

template <class Number>
std::string bytesOf(const std::vector<Number>& numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

/// What lies in the files that go out; one run on a table whose columns have no names.
class TestExports : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;
    std::optional<store::RunFolder> m_run, m_text;
    fs::path m_raw = m_folder.path() / "raw";
    nlohmann::json m_report;

private Q_SLOTS:
    void initTestCase() {
        tensor::installAllocator();
        config::RunConfig config = configOn(m_folder.write("train.csv", nameless(0, 400)));
        config.train.epochs = 20;
        config.train.optimizer.lr = 0.01;
        config.memory.offloadFolder = (m_folder.path() / "scratch").string();
        m_run.emplace(finished(m_folder, config, "20260101-0000-abcd"));
        m_report = deploy::exportRun(*m_run, {.folder = {}, .format = deploy::Format::All});
        std::string text;
        for (int k = 0; k < 400; ++k) text += k % 7 == 0 ? "abd" : "abc";
        config::RunConfig writing = configOn(m_folder.write("words.txt", text));
        writing.model.arch = "gpt";
        writing.model.width = 16, writing.model.layers = 1, writing.model.heads = 2, writing.model.context = 16;
        writing.train.maxSteps = 20;
        m_text.emplace(finished(m_folder, writing, "20260101-0000-beef"));
        deploy::exportRun(*m_text);
        deploy::exportRun(*m_run, {.folder = m_raw, .preprocess = true, .verification = deploy::Verification::Skip});
    }

    void noFolderOfWhoTrainedItIsInAFile() {
        const std::string folder = m_folder.path().string();
        for (const char* name : {"model.onnx", "model.safetensors", "config.json", "labels.txt", "README.md", "predict.py", "predict.cpp"}) {
            const std::string content = contentOf(m_run->exports() / name);
            QVERIFY2(!content.empty() && content.find(folder) == std::string::npos, name);
        }
        const auto config = nlohmann::json::parse(formats::readOnnxMetadata(m_run->exports() / "model.onnx").at(deploy::kConfigKey));
        QCOMPARE(config["data"]["path"].get<std::string>(), std::string("train.csv"));
        QCOMPARE(config["memory"]["offload_folder"].get<std::string>(), std::string("scratch"));
    }
    void ofAPathTheLastNameGoesOut() {
        config::RunConfig config;
        config.data.path = "/home/anna/photos/";
        config.model.file = "nets/first.onnx";
        config = deploy::withoutFolders(config);
        QCOMPARE(config.data.path, std::string("photos"));
        QCOMPARE(config.model.file, std::string("first.onnx"));
        QCOMPARE(config.model.weights, std::string());
    }
    void aFileAnswersAndIsVerifiedWhereverItLies() {
        const TemporaryFolder elsewhere;
        const fs::path file = elsewhere.path() / "model.onnx";
        fs::copy_file(m_run->exports() / "model.onnx", file);
        const std::string rows = elsewhere.write("rows.csv", nameless(2000, 20)).string();
        const nlohmann::json own = deploy::predict(m_run, {}, {{rows}})["predictions"], its = deploy::predict({}, file, {{rows}})["predictions"];
        QCOMPARE(its.size(), std::size_t(20));
        for (std::size_t k = 0; k < its.size(); ++k) QCOMPARE(its[k]["label"], own[k]["label"]);
        QCOMPARE(deploy::verifyFile(file, rows, {})["samples"].get<int>(), 20);
    }

    void thePythonProgramReadsTablesWithoutNamesAsWeDo_data() {
        QTest::addColumn<QByteArray>("table");
        QTest::newRow("as in training") << QByteArray::fromStdString(nameless(2000, 30));
        QTest::newRow("names above") << QByteArray::fromStdString(people(2000, 30));
        QTest::newRow("the made-up names above, no answers") << QByteArray("column_0;column_1;column_2\n30;clerk;44\n?;manager;12\n");
        QTest::newRow("a missing value in the first row") << QByteArray("?,cook,12,<=50K\n50,manager,60,>50K\n");
    }
    void thePythonProgramReadsTablesWithoutNamesAsWeDo() {
        REQUIRE_PYTHON();
        QFETCH(QByteArray, table);
        const fs::path path = m_folder.write("table.csv", table.toStdString());
        const nlohmann::json ours = deploy::predict(m_run, {}, {{path.string()}})["predictions"];
        for (const fs::path& folder : {m_run->exports(), m_raw}) {
            const auto theirs = pythonAnswers(folder, path);
            QCOMPARE(theirs.size(), ours.size());
            for (std::size_t k = 0; k < theirs.size(); ++k) {
                QCOMPARE(theirs[k]["label"], ours[k]["label"]);
                QVERIFY(std::abs(theirs[k]["probability"].get<double>() - ours[k]["probability"].get<double>()) < 1e-4);
            }
        }
    }

    void theCppProgramAnswersAsWeDo() {
        const std::string row = m_folder.write("one.csv", nameless(2001, 1)).string();
        const data::Reference reference = deploy::referenceOf(m_run->exports() / "model.onnx");
        const at::Tensor input = data::readInputs({row}, reference).source->assemble(std::array<std::int64_t, 1>{0}, {}, {at::kFloat, false}).input.contiguous();
        const std::string prepared(static_cast<const char*>(input.const_data_ptr()), input.nbytes());
        const std::string label = deploy::predict(m_run, {}, {{row}})["predictions"][0]["label"].get<std::string>();
        const auto place = std::ranges::find(reference.classes, label) - reference.classes.begin();
        QCOMPARE(cppAnswer(m_run->exports(), prepared), QByteArray::number(static_cast<qlonglong>(place)));
    }
    void theProgramsGoOnWithATextAsWeDo() {
        const fs::path folder = m_text->exports();
        const std::string text = "abcab";
        const nlohmann::json own = deploy::predict(m_text, {}, {{text}})["predictions"][0];
        const data::Reference reference = deploy::referenceOf(folder / "model.onnx");
        const auto vocabulary = reference.statistics.at("vocabulary").get<std::vector<std::string>>();
        std::vector<std::int64_t> ids;
        for (const char each : text) ids.push_back(std::ranges::find(vocabulary, std::string(1, each)) - vocabulary.begin());
        const auto place = std::ranges::find(vocabulary, own["label"].get<std::string>()) - vocabulary.begin();
        QCOMPARE(cppAnswer(folder, bytesOf(ids)), QByteArray::number(static_cast<qlonglong>(place)));
        REQUIRE_PYTHON();
        const auto answers = pythonAnswers(folder, text);
        QCOMPARE(answers.size(), std::size_t(1));
        QCOMPARE(answers[0]["label"], own["label"]);
        QVERIFY(std::abs(answers[0]["probability"].get<double>() - own["probability"].get<double>()) < 1e-4);
    }

    void theOldestOpsetThatHasAllOperatorsIsTaken() {
        QCOMPARE(m_report["opset"].get<int>(), 17);
        const deploy::TrainedModel trained = padded().trained();
        QCOMPARE(deploy::leastOpset(trained.model->plain()), 18);
        const fs::path file = m_folder.path() / "padded.onnx";
        formats::writeOnnx(file, trained.model->plain(), deploy::WeightBytes(*trained.model).views(), {.opset = 18, .metadata = {}});
        const data::Samples samples{at::randn({24, kColumns}), at::arange(24).remainder(2)};
        deploy::Prover prover(file);
        deploy::Agreement agreement(models::Task::Classification);
        agreement.add(deploy::sourceLogits(trained, samples), prover.run(samples.input));
        QVERIFY(agreement.holds());
    }
    void anOperatorThatNoOpsetHasIsRefusedByName() {
        Graph net;
        const ValueId x = net.addInput("x", {graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(4)}});
        const ValueId y = net.addInput("y", {graph::DType::I64, {graph::Dim::named("batch")}});
        net.setOutputs({net.addNode(graph::kSoftmaxCrossEntropy, "loss", {x, y}).front()});
        EXPECT_REFUSED([&] { deploy::leastOpset(net); }, "EXP-01", "SoftmaxCrossEntropy|Opsets 17 to 23");
    }

    void tensorsGoOutInTheirOwnElementTypes() {
        Somebodys net([](Graph& graph, ValueId x) {
            const ValueId chosen = graph.addBuffer("chosen", {graph::DType::I64, graph::fixedShape({3})}, {});
            return graph.addNode(*graph::findOp("Gather"), "gathered", {x, chosen}, {{"axis", std::int64_t{1}}}).front();
        });
        net.weights.push_back(filled("chosen", graph::DType::I64, {3}, std::vector<std::int64_t>{4, 0, 2}));
        const deploy::TrainedModel trained = net.trained();
        const fs::path file = m_folder.path() / "gather.safetensors";
        formats::writeSafetensors(file, deploy::WeightBytes(*trained.model).views());
        const formats::SafetensorsFile read(file);
        QCOMPARE(read.find("w")->type, formats::StType::F32);
        QCOMPARE(read.find("chosen")->type, formats::StType::I64);
        const std::vector<std::byte> bytes = read.read(*read.find("chosen"));
        QCOMPARE(bytes, net.weights.back().data);
    }

    void theConfigurationBesideTheWeightsSaysWhoseNamesTheyHave() {
        const auto beside = nlohmann::json::parse(contentOf(m_run->exports() / "config.json"));
        QVERIFY(beside.at("naming").is_null());
        deploy::TrainedModel trained = padded().trained();
        QVERIFY(deploy::modelConfig(trained).at("naming").is_null());
        trained.config.model = {};
        trained.config.model.arch = "vit_tiny";
        QCOMPARE(deploy::modelConfig(trained).at("naming").get<std::string>(), std::string("timm"));
    }
};

HEADROOM_TEST(TestExports)
#include "tst_exports.moc"
