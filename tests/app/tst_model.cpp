// SPDX-License-Identifier: Apache-2.0
#include "app/headroom.h"

#include <QDir>
#include <QProcess>

#include <fstream>

#include "base/graph/document.h"
#include "base/store/atomic_file.h"
#include "support/data.h"
#include "support/registry.h"

using namespace headroom;
using test::Headroom;

/// Files of others: `headroom model show`, and runs that go on from their weights.
class ModelFiles : public QObject {
    Q_OBJECT

    static QString written(const Headroom& headroom, const QJsonObject& config) {
        const std::filesystem::path file = headroom.folder() / "tuning.json";
        std::ofstream(file) << QJsonDocument(config).toJson().toStdString();
        return QString::fromStdString(file.string());
    }
    QString m_run;

private Q_SLOTS:
    void whatAModelHoldsIsShown() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const QString file = QString::fromStdString((test::dataFolder() / "onnx" / "resnet_2b.onnx").string());
        const QByteArray text = headroom.run({"model", "show", file}).output;
        for (const char* part : {"ONNX, opset 9", "float32 [batch, 3, 32, 32]", "Conv", "Gemm", "parameters"}) QVERIFY2(text.contains(part), text.constData());
        const QJsonObject model = headroom.run({"model", "show", file, "--json"}).object();
        QCOMPARE(model["opset"].toInt(), 9);
        QVERIFY(model["parameters"].toInt() > 100'000);
        QCOMPARE(test::at(model, "inputs.0.name").toString(), QString("input.1"));
    }

    void architecturesAreListedWithTheirSize() {
        const Headroom headroom;
        const QByteArray text = headroom.run({"models"}).output;
        for (const char* part : {"NAME", "resnet18", "3 x 224 x 224", "11,689,512", "1,814,0", "gpt", "1,024 tokens", "124,439,808"})
            QVERIFY2(text.contains(part), text.constData());
        const test::Outcome small = headroom.run({"models", "--side", "4", "--json"});
        QVERIFY(!small.output.contains("\"resnet18\""));  // does not suit so small a picture
        const QJsonObject net = headroom.run({"model", "show", "cnn", "--side", "28", "--channels", "1", "--outputs", "10", "--json"}).object();
        QCOMPARE(net["parameters"].toInt(), headroom.run({"model", "show", "cnn", "--side", "28", "--channels", "1", "--json"}).object()["parameters"].toInt() - 990 * 129);
        QCOMPARE(headroom.run({"model", "show", "gpt", "--heads", "7"}).status, 3);
        const test::Outcome mistyped = headroom.run({"model", "show", "resnet51"});
        QCOMPARE(mistyped.status, 3);
        QVERIFY2(mistyped.error.contains("Did you mean ") && mistyped.error.contains("resnet50"), mistyped.error.constData());
    }

    void aModelFileIsTunedOnDataAtHandAndGetsBetter_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("data");
        QTest::addColumn<QStringList>("settings");
        QTest::addColumn<double>("most");  // of the loss that is left, as a share
        QTest::newRow("mnist") << "mnist.onnx" << "fashion-mnist" << QStringList{"data.normalise=raw"} << 0.9;
        QTest::newRow("rows of pixels") << "mnist-net_256x2.onnx" << "fashion-mnist" << QStringList{"data.normalise=unit"} << 0.9;
        QTest::newRow("one convolution") << "Convnet_maxpool.onnx" << "fashion-mnist" << QStringList{"data.normalise=unit", "train.optimizer.lr=0.01"} << 0.9;
        // It has learnt these very pictures' kind already: 71 %.
        QTest::newRow("residual") << "resnet_2b.onnx" << "cifar"
                                  << QStringList{"data.normalise=stated", "data.mean=0.4914,0.4822,0.4465", "data.deviation=0.2471,0.2435,0.2616",
                                                 "data.limit=6000", "data.augment.flip=true", "train.optimizer.lr=0.0003"} << 0.98;
        QTest::newRow("only a new head, on kept features") << "mnist.onnx" << "fashion-mnist"
                                  << QStringList{"data.normalise=raw", "model.head=new", "train.freeze=*, !head.*", "train.cache_features=true"} << 0.9;
        QTest::newRow("low-rank updates") << "mnist-net_256x2.onnx" << "fashion-mnist" << QStringList{"data.normalise=unit", "model.lora.rank=8"} << 0.9;
    }
    void aModelFileIsTunedOnDataAtHandAndGetsBetter() {
        QFETCH(QString, file);
        QFETCH(QString, data);
        QFETCH(QStringList, settings);
        QFETCH(double, most);
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const auto folder = data == "cifar" ? test::unpackedCifar(headroom.folder()) : test::dataFolder() / data.toStdString();
        const QString config = written(headroom, {{"data", QJsonObject{{"path", QString::fromStdString(folder.string())}, {"limit", 3000}}},
                                                  {"model", QJsonObject{{"file", QString::fromStdString((test::dataFolder() / "onnx" / file.toStdString()).string())}}},
                                                  {"device", "cpu"}});
        for (QString& each : settings) each.prepend("--set=");
        const auto reached = [&](const QStringList& more) {
            const test::Outcome outcome = headroom.run(QStringList{"train", config, "--json"} + settings + more);
            if (outcome.status != 0) qWarning("%s", outcome.error.constData());
            m_run = outcome.lines().front()["id"].toString();
            const QJsonObject shown = headroom.show(m_run);
            return std::pair(test::at(shown, "metrics.val_loss").toDouble(), test::at(shown, "metrics.val_accuracy").toDouble());
        };
        const auto before = reached({"--set=train.max_steps=1", "--set=train.optimizer.lr=1e-12"});
        const auto after = reached({"--set=train.epochs=2", "--set=train.batch_size=64"});
        qInfo("loss %.3f -> %.3f, accuracy %.3f -> %.3f", before.first, after.first, before.second, after.second);
        QVERIFY(after.first < most * before.first);
        const test::Outcome exported = headroom.run({"export", m_run});
        QVERIFY2(exported.status == 0, exported.error.constData());
    }

    void lowRankUpdatesAreExportedOnTheirOwn() {
        REQUIRE_WORKER();
        const Headroom headroom;
        const QString config = headroom.makeConfig("low", {{"max_steps", 2}});
        QCOMPARE(headroom.run({"train", config, "--quiet", "--set", "model.lora.rank=2"}).status, 0);
        const QDir folder(QString::fromStdString((headroom.folder() / "out").string()));
        const test::Outcome outcome = headroom.run({"export", "low", "--format", "adapter", "-o", folder.path(), "--json"});
        QVERIFY2(outcome.status == 0, outcome.error.constData());
        QVERIFY(folder.exists("adapter_model.safetensors") && !folder.exists("model.onnx") && !folder.exists("model.safetensors"));
        const QJsonObject peft = QJsonDocument::fromJson(QByteArray::fromStdString(store::readWhole(folder.filePath("adapter_config.json").toStdString()))).object();
        QCOMPARE(peft["r"].toInt(), 2);
        QCOMPARE(peft["target_modules"].toArray().first().toString(), QString("fc1"));
        QCOMPARE(headroom.run({"train", config, "--quiet", "--set", "model.lora.rank=2", "--set", "name=again",
                               "--set", "model.lora.adapter=" + folder.filePath("adapter_model.safetensors")}).status, 0);

        QCOMPARE(headroom.run({"train", config, "--quiet", "--set", "name=whole"}).status, 0);
        const test::Outcome none = headroom.run({"export", "whole", "--format", "adapter"});
        QCOMPARE(none.status, 3);
        QVERIFY2(none.error.contains("no low-rank updates"), none.error.constData());
        QCOMPARE(headroom.run({"export", "whole", "--format", "safetensors", "-o", folder.path(), "--quiet"}).status, 0);
        const QJsonObject net = QJsonDocument::fromJson(QByteArray::fromStdString(store::readWhole(folder.filePath("config.json").toStdString()))).object();
        QCOMPARE(net["architecture"].toString(), QString("mlp"));
        QCOMPARE(net["num_classes"].toInt(), 2);
    }

    void aRunOnAModelFileIsPlannedBeforeItStarts() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const QString config = written(headroom, {{"data", QJsonObject{{"path", QString::fromStdString((test::dataFolder() / "fashion-mnist").string())}}},
                                                  {"model", QJsonObject{{"file", QString::fromStdString((test::dataFolder() / "onnx/mnist-net_256x2.onnx").string())}}}});
        const auto planned = [&](const QString& setting) {
            const test::Outcome outcome = headroom.run({"plan", config, "--json", "--set", setting});
            if (outcome.status != 0) qWarning("%s", outcome.error.constData());
            return outcome.object();
        };
        const auto peak = [&](const QString& setting) { return planned(setting)["peak_bytes"].toDouble(1e12); };
        QCOMPARE(test::at(planned("train.epochs=1"), "plan.trained").toInt(), 269'322);
        QCOMPARE(test::at(planned("model.lora.rank=4"), "plan.trained").toInt(), 4 * (784 + 256 + 256 + 256) + 256 * 10 + 10);
        const double whole = peak("train.epochs=1");
        QVERIFY(whole > 269'322 * 16);  // weights, gradients and AdamW's two numbers
        QVERIFY(peak("train.freeze=*, !*bias") < whole * 0.75);
        QVERIFY(peak("model.lora.rank=4") < whole * 0.75);
        QVERIFY(peak("model.head=new") < whole * 1.01);
    }

    void aFileThatIsGoneIsAskedForByName() {
        REQUIRE_WORKER();
        const Headroom headroom;
        const QString config = headroom.makeConfig("gone");
        const test::Outcome outcome = headroom.run({"train", config, "--set", "model.file=nowhere.onnx"});
        QVERIFY(outcome.status != 0);
        QVERIFY2(outcome.error.contains("nowhere.onnx"), outcome.error.constData());
    }

    void theWorkerGivesTheGraphWhereItIsAskedFor() {
        REQUIRE_WORKER();
        const QString file = QStringLiteral(HEADROOM_SOURCE "/tests/fuzz/seeds/onnx/conv");
        for (const bool wanted : {false, true}) {
            QProcess worker;
            const QJsonObject question{{"ask", "model"}, {"path", file}, {"graph", wanted}};
            worker.start(test::programs() + "/headroom-worker", {"ask", QJsonDocument(question).toJson(QJsonDocument::Compact)});
            QVERIFY(worker.waitForFinished(60000));
            const QByteArray text = worker.readAllStandardOutput();
            const auto answer = nlohmann::json::parse(text.begin(), text.end());
            QCOMPARE(answer.contains("graph"), wanted);
            if (!wanted) continue;
            const graph::Graph graph = graph::graphFromJson(answer.at("graph"));
            QCOMPARE(graph.nodes().size(), answer.at("nodes").get<std::size_t>());
            QCOMPARE(graph.parameterCount(), answer.at("parameters").get<std::int64_t>());
        }
    }

    void aModelWithForeignOperatorsIsRefusedByTheirNames() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const auto file = test::dataFolder() / "onnx" / "pytorch_superresolution_with_pre_post_processing_op18.onnx";
        const test::Outcome outcome = headroom.run({"model", "show", QString::fromStdString(file.string())});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains("ONX-10") && outcome.error.contains("com.microsoft.extensions::DecodeImage"), outcome.error.constData());
    }

    void theTensorsOfAFileAreShownBesideTheParameters() {
        REQUIRE_WORKER();
        const Headroom headroom;
        const test::TemporaryFolder folder;
        // Two tensors of another program's ResNet-18: its first kernel, and one that we do not have.
        const std::string header = R"({"module.conv1.weight":{"dtype":"F32","shape":[64,1,3,3],"data_offsets":[0,2304]},)"
                                   R"("module.fc.scale":{"dtype":"F32","shape":[1],"data_offsets":[2304,2308]}})";
        std::string length(8, '\0');
        length[0] = static_cast<char>(header.size() & 255), length[1] = static_cast<char>(header.size() >> 8);
        const QString file = QString::fromStdString(folder.write("net.safetensors", length + header + std::string(2308, '\0')).string());
        const QStringList command{"model", "import", file, "--arch", "resnet18", "--side", "32", "--channels", "1"};
        const QJsonObject map = headroom.run(command + QStringList{"--json"}).object();
        QCOMPARE(test::at(map, "matches.0.parameter").toString(), QString("conv1.weight"));
        QCOMPARE(test::at(map, "surplus.0").toString(), QString("module.fc.scale"));
        QVERIFY(map["missing"].toArray().contains(QJsonValue("bn1.weight")));
        QCOMPARE(map["tensors"].toArray().size(), 2);
        const QByteArray text = headroom.run(command).output;
        for (const char* part : {"module.conv1.weight", "missing in the file", "stays new (head)", "not in the net"}) QVERIFY2(text.contains(part), text.constData());
        const QString chosen = QString::fromStdString(folder.write("names.json", R"({"bn1.weight": "nowhere"})").string());
        QVERIFY(headroom.run(command + QStringList{"--map", chosen}).output.contains("chosen, but not there"));
        QCOMPARE(headroom.run({"model", "import", file, "--arch", "resnet18", "--map", file}).status, 3);
        const std::filesystem::path found = folder.path() / "found.json";
        QCOMPARE(headroom.run(command + QStringList{"--write-map", QString::fromStdString(found.string())}).status, 0);
        const QJsonObject choice = QJsonDocument::fromJson(QByteArray::fromStdString(store::readWhole(found))).object();
        QCOMPARE(choice["conv1.weight"].toString(), QString("module.conv1.weight"));
        QVERIFY(choice["fc.weight"].isNull() && choice.contains("fc.weight"));
        QCOMPARE(headroom.run(command + QStringList{"--map", QString::fromStdString(found.string()), "--json"}).object()["unknown"].toArray().size(), 0);
    }

    void aFileThatIsNoModelIsRefused() {
        REQUIRE_WORKER();
        const Headroom headroom;
        const test::TemporaryFolder folder;
        const auto path = folder.write("net.onnx", "not a model");
        const test::Outcome outcome = headroom.run({"model", "show", QString::fromStdString(path.string())});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains("ONX-01"), outcome.error.constData());
    }
};

HEADROOM_TEST(ModelFiles)
#include "tst_model.moc"
