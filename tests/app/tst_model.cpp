// SPDX-License-Identifier: Apache-2.0
#include "app/headroom.h"
#include "support/data.h"
#include "support/registry.h"

using namespace headroom;
using test::Headroom;

/// `headroom model show` on files of others.
class ModelFiles : public QObject {
    Q_OBJECT
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

    void aModelWithForeignOperatorsIsRefusedByTheirNames() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const auto file = test::dataFolder() / "onnx" / "pytorch_superresolution_with_pre_post_processing_op18.onnx";
        const test::Outcome outcome = headroom.run({"model", "show", QString::fromStdString(file.string())});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains("ONX-10") && outcome.error.contains("com.microsoft.extensions::DecodeImage"), outcome.error.constData());
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
