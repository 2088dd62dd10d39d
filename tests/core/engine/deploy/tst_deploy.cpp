// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QProcess>
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/errors/error.h"
#include "core/base/graph/nets.h"
#include "core/engine/formats/refusal.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/model_config.h"
#include "engine/deploy/proof.h"
#include "engine/deploy/prover.h"
#include "engine/deploy/trained_model.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"
#include "engine/train/model_file.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

test::NetCase caseOf(const std::string& arch) {
    const auto all = test::everyNet();
    return *std::ranges::find(all, arch, &test::NetCase::name);
}

at::Tensor inputFor(const models::DataShape& shape, std::int64_t samples) {
    if (shape.kind == models::DataKind::Table) return at::randn({samples, shape.features});
    if (shape.kind == models::DataKind::Text) return at::randint(shape.vocabulary, {samples, shape.context}, at::kLong);
    return at::randn({samples, shape.channels, shape.height, shape.width});
}

at::Tensor targetFor(const models::DataShape& shape, std::int64_t samples) {
    if (shape.kind == models::DataKind::Text) return at::randint(shape.vocabulary, {samples, shape.context}, at::kLong);
    if (shape.task == models::Task::Segmentation) return at::randint(shape.outputs, {samples, shape.height, shape.width}, at::kLong);
    return at::randint(shape.outputs, {samples}, at::kLong);
}

const char* inputName(const deploy::TrainedModel& trained) {
    return trained.dataset.shape.kind == models::DataKind::Text ? "tokens" : "input";
}

/// A net whose running statistics and biases are not those of the start: a file that forgets them is found out.
deploy::TrainedModel netOf(const std::string& arch, double dropout) {
    config::RunConfig config;
    config.model.arch = arch;
    config.model.dropout = dropout;
    const test::NetCase net = caseOf(arch);
    config.model.width = net.options.width, config.model.layers = net.options.layers, config.model.heads = net.options.heads;
    deploy::TrainedModel trained{store::RunFolder("20260101-0000-test"), config, {}, nullptr, 7, {}, {}};
    trained.dataset.shape = net.data;
    trained.model = std::make_unique<train::Model>(config, trained.dataset.shape, at::kCPU);
    for (const train::NamedTensor& named : trained.model->named()) {
        if (named.name.ends_with("running_var")) named.tensor.copy_(at::rand(named.tensor.sizes()).add(0.5));
        else if (named.tensor.dim() == 1) named.tensor.add_(at::randn(named.tensor.sizes()).mul(0.1));
    }
    return trained;
}

fs::path writeNet(const deploy::TrainedModel& trained, const fs::path& folder, int opset) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<formats::StView> views;
    for (const train::NamedTensor& named : trained.model->named()) {
        bytes.push_back(tensor::toBytes(named.tensor));
        views.push_back({{named.name, formats::StType::F32, named.tensor.sizes().vec()}, bytes.back()});
    }
    const fs::path file = folder / "model.onnx";
    formats::writeOnnx(file, trained.model->plain(), views, {.opset = opset, .metadata = {{"headroom.run", trained.run.id()}}});
    return file;
}

}  // namespace

class TestDeploy : public QObject {
    Q_OBJECT

    static void nets() {
        QTest::addColumn<QString>("arch");
        QTest::addColumn<double>("dropout");
        QTest::addColumn<int>("opset");
        for (const models::Architecture& arch : models::architectures()) QTest::newRow(arch.name.data()) << arch.name.data() << 0.0 << 17;
        QTest::newRow("mlp with dropout") << "mlp" << 0.3 << 17;
        QTest::newRow("cnn at opset 23") << "cnn" << 0.0 << 23;
        QTest::newRow("gpt_mini at opset 23") << "gpt_mini" << 0.0 << 23;
        QTest::newRow("vit_tiny at opset 23") << "vit_tiny" << 0.0 << 23;
    }

private Q_SLOTS:
    void init() { at::manual_seed(3); }

    void anExportedNetPassesTheCheckerAndAgreesInOnnxRuntime_data() { nets(); }
    void anExportedNetPassesTheCheckerAndAgreesInOnnxRuntime() {
        QFETCH(QString, arch);
        QFETCH(double, dropout);
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        const deploy::TrainedModel trained = netOf(arch.toStdString(), dropout);
        const fs::path model = writeNet(trained, folder.path(), opset);
        const data::Samples samples{inputFor(trained.dataset.shape, 24), targetFor(trained.dataset.shape, 24)};
        const at::Tensor logits = deploy::sourceLogits(trained, samples);
        deploy::writeSamples(folder.path() / "samples.safetensors", {{inputName(trained), samples.input}});
        deploy::writeSamples(folder.path() / "logits.safetensors", {{"logits", logits}});

        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_CHECK_ONNX, QString::fromStdString(folder.path().string())});
        QVERIFY(python.waitForFinished(120000));
        QVERIFY2(python.exitCode() == 0, python.readAllStandardError() + python.readAllStandardOutput());
    }

    void aNetOfSomebodyElseAgreesInOnnxRuntimeWhenExportedAgain_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("side");
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("classes");
        QTest::newRow("mnist") << "mnist.onnx" << 28 << 1 << 10;
        QTest::newRow("rows of pixels") << "mnist-net_256x2.onnx" << 28 << 1 << 10;
        QTest::newRow("residual") << "resnet_2b.onnx" << 32 << 3 << 10;
        QTest::newRow("one convolution") << "Convnet_maxpool.onnx" << 28 << 1 << 10;
        QTest::newRow("a new head") << "mnist.onnx" << 28 << 1 << 3;
        QTest::newRow("a new head of one node") << "resnet_2b.onnx" << 32 << 3 << 7;
    }
    void aNetOfSomebodyElseAgreesInOnnxRuntimeWhenExportedAgain() {
        QFETCH(QString, file);
        QFETCH(int, side);
        QFETCH(int, channels);
        QFETCH(int, classes);
        REQUIRE_DATA();
        const test::TemporaryFolder folder;
        deploy::TrainedModel trained{store::RunFolder("20260101-0000-test"), {}, {}, nullptr, 7, {}, {}};
        trained.dataset.shape = {.kind = models::DataKind::Pictures, .channels = channels, .height = side, .width = side, .outputs = classes};
        trained.config.model.file = (test::dataFolder() / "onnx" / file.toStdString()).string();
        const train::ModelFile given = train::readModelFile(trained.config);
        trained.model = std::make_unique<train::Model>(trained.config, models::Basis(trained.dataset.shape, given.graph), at::kCPU, given.weights);
        const fs::path model = writeNet(trained, folder.path(), 17);
        const data::Samples samples{inputFor(trained.dataset.shape, 24), targetFor(trained.dataset.shape, 24)};
        deploy::writeSamples(folder.path() / "samples.safetensors", {{"input", samples.input}});
        deploy::writeSamples(folder.path() / "logits.safetensors", {{"logits", deploy::sourceLogits(trained, samples)}});
        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_CHECK_ONNX, QString::fromStdString(folder.path().string())});
        QVERIFY(python.waitForFinished(120000));
        QVERIFY2(python.exitCode() == 0, python.readAllStandardError() + python.readAllStandardOutput());
    }

    void aNetWithLowRankUpdatesBecomesOneWithout_data() {
        QTest::addColumn<QString>("arch");
        for (const char* arch : {"mlp", "gpt_mini"}) QTest::newRow(arch) << arch;  // weights [out, in] and [in, out]
    }
    void aNetWithLowRankUpdatesBecomesOneWithout() {
        QFETCH(QString, arch);
        deploy::TrainedModel trained = netOf(arch.toStdString(), 0);
        config::RunConfig config = trained.config;
        config.model.lora = {.rank = 4, .alpha = 8, .adapter = {}};
        trained.model = std::make_unique<train::Model>(config, trained.dataset.shape, at::kCPU);
        const data::Samples samples{inputFor(trained.dataset.shape, 6), targetFor(trained.dataset.shape, 6)};
        const at::Tensor plain = deploy::sourceLogits(trained, samples);
        for (const train::NamedTensor& named : trained.model->named())
            if (named.name.ends_with("lora_B")) named.tensor.copy_(at::randn(named.tensor.sizes()).mul(0.1));
        const at::Tensor adapted = deploy::sourceLogits(trained, samples);
        trained.model = deploy::merged(*trained.model, config, trained.dataset.shape);
        const at::Tensor merged = deploy::sourceLogits(trained, samples);
        const double largest = adapted.abs().max().item<double>();
        QVERIFY(merged.sub(plain).abs().max().item<double>() > 0.01 * largest);
        QVERIFY(merged.sub(adapted).abs().max().item<double>() <= 1e-5 * largest);
    }

    void aTextNetIsDescribedAsGpt2Is() {
        const nlohmann::json config = deploy::modelConfig(netOf("gpt_mini", 0));
        const nlohmann::json expected{{"model_type", "gpt2"}, {"n_layer", 4}, {"n_head", 4}, {"n_embd", 128}, {"activation_function", "gelu"}, {"eos_token_id", nullptr}};
        for (const auto& [key, value] : expected.items()) QVERIFY2(config.at(key) == value, key.c_str());
        QCOMPARE(deploy::modelConfig(netOf("gpt", 0))["activation_function"].get<std::string>(), std::string("gelu_new"));
        QCOMPARE(deploy::modelConfig(netOf("cnn", 0))["input_size"].size(), std::size_t{3});
    }

    /// HEADROOM_NETS=all: their latencies too, for which the prover takes up to ten seconds a net, however small that is. Of one net
    /// whatTheProverMeasuresStandsInItsReport() takes them always.
    void theProverAgreesWithTheSource_data() { nets(); }
    void theProverAgreesWithTheSource() {
        QFETCH(QString, arch);
        QFETCH(double, dropout);
        QFETCH(int, opset);
        if (opset > 17) QSKIP("the prover's runtime reads opset 17 here; newer ones are shown in ONNX Runtime");
        const test::TemporaryFolder folder;
        const deploy::TrainedModel trained = netOf(arch.toStdString(), dropout);
        const fs::path model = writeNet(trained, folder.path(), opset);
        const data::Samples samples{inputFor(trained.dataset.shape, 24), targetFor(trained.dataset.shape, 24)};
        deploy::Prover prover(model);
        QCOMPARE(prover.precision(), std::string("f32"));
        deploy::Agreement agreement(trained.dataset.shape.task);
        const at::Tensor logits = deploy::answerRows(deploy::sourceLogits(trained, samples));  // of masks a row a pixel
        agreement.add(logits, deploy::answerRows(prover.run(samples.input)));
        QVERIFY2(agreement.holds(), qPrintable(QString("relative difference %1, %2 flipped").arg(agreement.relativeDifference())
                                                   .arg(agreement.flippedBeyondTies())));
        QCOMPARE(agreement.rows(), logits.size(0));
        if (qEnvironmentVariable("HEADROOM_NETS") == QLatin1String("all")) QVERIFY(!prover.report().at("latency").empty());
    }

    void metadataIsReadWithoutTheWeights() {
        const test::TemporaryFolder folder;
        const fs::path model = writeNet(netOf("mlp", 0), folder.path(), 17);
        QCOMPARE(formats::readOnnxMetadata(model).at("headroom.run"), std::string("20260101-0000-test"));
    }

    void whatIsNoOnnxFileIsRefused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray("hello, this is no model");
        QTest::newRow("noise") << QByteArray(1024, '\xA7');
    }
    void whatIsNoOnnxFileIsRefused() {
        QFETCH(QByteArray, bytes);
        const test::TemporaryFolder folder;
        try {
            formats::readOnnxMetadata(folder.write("a.onnx", bytes.toStdString()));
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Onx01);
        }
    }

    void aFlippedPredictionCountsUnlessTheSourceItselfIsUndecided() {
        const at::Tensor source = at::tensor({1.0f, 2.0f, 3.0f, 3.0001f}).view({2, 2});
        const at::Tensor exported = at::tensor({2.0f, 1.0f, 3.0001f, 3.0f}).view({2, 2});
        deploy::Agreement agreement(models::Task::Classification);
        agreement.add(source, exported);
        QCOMPARE(agreement.flipped(), 2);
        QCOMPARE(agreement.flippedBeyondTies(), 1);
        QVERIFY(!agreement.holds());
    }

    void whatIsGatheredInPartsIsWhatTheWholeSays() {
        const at::Tensor source = at::randn({64, 5}), exported = source.add(at::randn({64, 5}).mul(0.3)), targets = at::randint(5, {64}, at::kLong);
        deploy::Agreement whole(models::Task::Classification), parts(models::Task::Classification);
        deploy::Quality wholeQuality(models::Task::Classification), partsQuality(models::Task::Classification);
        whole.add(source, exported);
        wholeQuality.add(exported, targets);
        for (std::int64_t first = 0; first < 64; first += 24) {
            const std::int64_t end = std::min<std::int64_t>(64, first + 24);
            parts.add(source.slice(0, first, end), exported.slice(0, first, end));
            partsQuality.add(exported.slice(0, first, end), targets.slice(0, first, end));
        }
        QVERIFY(whole.flipped() > 0);
        QCOMPARE(parts.flipped(), whole.flipped());
        QCOMPARE(parts.flippedBeyondTies(), whole.flippedBeyondTies());
        QCOMPARE(parts.largestDifference(), whole.largestDifference());
        QCOMPARE(parts.rows(), 64);
        QCOMPARE(partsQuality.figures().dump(), wholeQuality.figures().dump());
    }

    void samplesOfAProofAreFewWhereTheyAreLarge() {
        QCOMPARE(deploy::proofBatch({.kind = models::DataKind::Table, .features = 100, .outputs = 2}), 256);
        const models::DataShape text{.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = 50257, .context = 256};
        QCOMPARE(deploy::proofBatch(text), 1);  // 51 MB of logits a sample
        QVERIFY(deploy::proofBatch({.channels = 3, .height = 224, .width = 224, .outputs = 1000}) < 256);
    }

    void whatTheProverMeasuresStandsInItsReport() {
        const test::TemporaryFolder folder;
        const deploy::TrainedModel trained = netOf("cnn", 0);
        deploy::Prover prover(writeNet(trained, folder.path(), 17), {.measureCache = true});
        for (int part = 0; part < 3; ++part) prover.run(inputFor(trained.dataset.shape, 50));
        const nlohmann::json report = prover.report();
        QCOMPARE(report.at("samples").get<int>(), 150);
        std::set<std::pair<int, bool>> measured;
        for (const nlohmann::json& latency : report.at("latency")) {
            measured.emplace(latency.at("batch"), latency.at("threads").get<int>() == 1);
            QVERIFY(0 < latency.at("p50_ms") && latency.at("p50_ms") <= latency.at("p90_ms") && latency.at("p90_ms") <= latency.at("p99_ms"));
        }
        QVERIFY(measured.contains({1, true}) && measured.contains({32, true}));
        QCOMPARE(report.at("latency").size(), 4);
        QVERIFY(report.at("peak_bytes") > 0 && report.at("process_bytes") > report.at("peak_bytes"));
        QVERIFY(report.at("cache").at("used").get<bool>() && report.at("cache").at("bytes") > 0);
        QVERIFY(report.at("cache").at("first_load_ms") > 0 && report.at("cache").at("second_load_ms") > 0);
    }

    void aProverThatDiesIsAnErrorAndNoSignal() {
        const test::TemporaryFolder folder;
        const deploy::TrainedModel trained = netOf("mlp", 0);
        deploy::Prover prover(writeNet(trained, folder.path(), 17));
        EXPECT_REFUSED([&] { prover.run(at::randn({4, 7})); }, "EXP-03", "model.onnx");  // of another width: it ends itself
        EXPECT_REFUSED([&] { prover.run(at::randn({4, 108})); }, "EXP-03", "model.onnx");
    }

    void outputsThatAreNotFiniteNeverAgree() {
        const at::Tensor source = at::full({2, 2}, 1.0f);
        const at::Tensor exported = at::full({2, 2}, std::numeric_limits<float>::quiet_NaN());
        for (const auto& [first, second] : {std::pair(source, exported), std::pair(exported, source)}) {
            deploy::Agreement agreement(models::Task::Regression);
            agreement.add(first, second);
            QVERIFY(!agreement.holds() && !agreement.finite());
            QCOMPARE(agreement.largestDifference(), std::numeric_limits<double>::infinity());
        }
    }

    void howGoodOutputsAreThatAreNoNumbersIsText() {
        deploy::Quality quality(models::Task::Regression);
        quality.add(at::full({2, 1}, std::numeric_limits<float>::quiet_NaN()), at::tensor({1.0f, 2.0f}).view({2, 1}));
        QCOMPARE(quality.figures().dump(), std::string("{\"r2\":\"nan\"}"));
    }

    void outputsOfAnotherShapeNeverAgree() {
        deploy::Agreement agreement(models::Task::Classification);
        agreement.add(at::full({2, 2}, 1.0f), at::full({4, 2}, 1.0f));
        QVERIFY(!agreement.holds() && !agreement.finite());
        QCOMPARE(agreement.relativeDifference(), std::numeric_limits<double>::infinity());
    }
};

HEADROOM_TEST(TestDeploy)
#include "tst_deploy.moc"
