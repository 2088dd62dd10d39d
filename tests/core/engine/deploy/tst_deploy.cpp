// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QProcess>
#include <filesystem>

#include "base/errors/error.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/prover.h"
#include "engine/deploy/trained_model.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

models::DataShape shapeFor(const std::string& arch) {
    using enum models::DataKind;
    if (arch == "mlp") return {.kind = Table, .features = 108, .outputs = 2};
    if (arch == "cnn") return {.kind = Pictures, .channels = 1, .height = 28, .width = 28, .outputs = 10};
    if (arch == "resnet20") return {.kind = Pictures, .channels = 3, .height = 32, .width = 32, .outputs = 10};
    return {.kind = Text, .task = models::Task::NextToken, .vocabulary = 65, .context = 128};
}

at::Tensor inputFor(const models::DataShape& shape, std::int64_t samples) {
    if (shape.kind == models::DataKind::Table) return at::randn({samples, shape.features});
    if (shape.kind == models::DataKind::Text) return at::randint(shape.vocabulary, {samples, shape.context}, at::kLong);
    return at::randn({samples, shape.channels, shape.height, shape.width});
}

at::Tensor targetFor(const models::DataShape& shape, std::int64_t samples) {
    if (shape.kind == models::DataKind::Text) return at::randint(shape.vocabulary, {samples, shape.context}, at::kLong);
    return at::randint(shape.outputs, {samples}, at::kLong);
}

/// A net whose running statistics and biases are not those of the start: a file that forgets them is found out.
deploy::TrainedModel netOf(const std::string& arch, double dropout) {
    config::RunConfig config;
    config.model.arch = arch;
    config.model.dropout = dropout;
    deploy::TrainedModel trained{store::RunFolder("20260101-0000-test"), config, {}, nullptr, 7};
    trained.dataset.shape = shapeFor(arch);
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
        for (const char* arch : {"mlp", "cnn", "resnet20", "gpt_mini"}) QTest::newRow(arch) << arch << 0.0 << 17;
        QTest::newRow("mlp with dropout") << "mlp" << 0.3 << 17;
        QTest::newRow("cnn at opset 23") << "cnn" << 0.0 << 23;
        QTest::newRow("gpt_mini at opset 23") << "gpt_mini" << 0.0 << 23;
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
        deploy::writeSamples(folder.path() / "samples.safetensors", arch == "gpt_mini" ? "tokens" : "input", samples.input);
        deploy::writeSamples(folder.path() / "logits.safetensors", "logits", logits);

        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_CHECK_ONNX, QString::fromStdString(folder.path().string())});
        QVERIFY(python.waitForFinished(120000));
        QVERIFY2(python.exitCode() == 0, python.readAllStandardError() + python.readAllStandardOutput());
    }

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
        deploy::writeSamples(folder.path() / "samples.safetensors", arch == "gpt_mini" ? "tokens" : "input", samples.input);
        const deploy::Proof proof = deploy::prove(model, folder.path() / "samples.safetensors", folder.path(), "f32");
        const deploy::Agreement agreement =
            deploy::compare(deploy::sourceLogits(trained, samples), proof.outputs, trained.dataset.shape.task);
        QVERIFY2(agreement.holds(), qPrintable(QString("relative difference %1, %2 flipped").arg(agreement.relativeDifference())
                                                   .arg(agreement.flippedBeyondTies)));
        QVERIFY(proof.report.at("latency").size() == 2);
        QVERIFY(proof.report.at("latency").at(0).at("p50_ms").get<double>() > 0);
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

    void aFileThatTheProverCannotRunIsRefusedWithItsReason() {
        const test::TemporaryFolder folder;
        const fs::path model = folder.write("broken.onnx", "no model at all");
        deploy::writeSamples(folder.path() / "samples.safetensors", "input", at::randn({2, 3}));
        try {
            deploy::prove(model, folder.path() / "samples.safetensors", folder.path(), "f32");
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Exp03);
        }
    }

    void aFlippedPredictionCountsUnlessTheSourceItselfIsUndecided() {
        const at::Tensor source = at::tensor({1.0f, 2.0f, 3.0f, 3.0001f}).view({2, 2});
        const at::Tensor exported = at::tensor({2.0f, 1.0f, 3.0001f, 3.0f}).view({2, 2});
        const deploy::Agreement agreement = deploy::compare(source, exported, models::Task::Classification);
        QCOMPARE(agreement.flipped, 2);
        QCOMPARE(agreement.flippedBeyondTies, 1);
        QVERIFY(!agreement.holds());
    }

    void outputsThatAreNotFiniteNeverAgree() {
        const at::Tensor source = at::full({2, 2}, 1.0f);
        const at::Tensor exported = at::full({2, 2}, std::numeric_limits<float>::quiet_NaN());
        QVERIFY(!deploy::compare(source, exported, models::Task::Regression).holds());
    }
};

HEADROOM_TEST(TestDeploy)
#include "tst_deploy.moc"
