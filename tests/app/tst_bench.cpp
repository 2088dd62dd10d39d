// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "app/headroom.h"
#include "support/data.h"
#include "support/registry.h"

using namespace headroom;
using test::Headroom;
using test::Outcome;

#define REQUIRE_PROVER()                                                                     \
    do {                                                                                     \
        if (!headroom::test::isBuilt("headroom-prover")) QSKIP("the prover is not built");   \
    } while (false)

/// `headroom bench` on files of ours and of others.
class Bench : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aFileOfOthersIsMeasuredWithTheBatchThatItFixes() {
        REQUIRE_PROVER();
        REQUIRE_DATA();
        const Headroom headroom;
        const QString file = QString::fromStdString((test::dataFolder() / "onnx" / "mnist.onnx").string());
        const Outcome outcome = headroom.run({"bench", file, "--batch", "8", "--json"});
        QVERIFY2(outcome.status == 0, outcome.error.constData());
        const QJsonObject report = outcome.object();
        for (const QJsonValue& row : report["latency"].toArray()) {
            QCOMPARE(row["batch"].toInt(), 1);
            QVERIFY(row["p50_ms"].toDouble() > 0 && row["p99_ms"].toDouble() >= row["p50_ms"].toDouble());
        }
        QCOMPARE(report["latency"].toArray().size(), 2);
        QVERIFY(test::at(report, "cache.used").toBool());
        QVERIFY(report["peak_bytes"].toDouble() > 0);
        const QByteArray text = headroom.run({"bench", file}).output;
        for (const char* part : {"OpenVINO", "p99 ms", "precision", "cache"}) QVERIFY2(text.contains(part), text.constData());
    }

    void aFreeBatchIsMeasuredAtBothSizes() {
        REQUIRE_WORKER();
        REQUIRE_PROVER();
        const Headroom headroom;
        QCOMPARE(headroom.run({"train", headroom.makeConfig("b", {{"max_steps", 1}}), "--quiet"}).status, 0);
        const QString out = QString::fromStdString((headroom.folder() / "out").string());
        QCOMPARE(headroom.run({"export", "b", "--quiet", "--no-verify", "-o", out}).status, 0);
        const Outcome outcome = headroom.run({"bench", out + "/model.unverified.onnx", "--batch", "4", "--threads", "1", "--precision", "f32", "--json"});
        QVERIFY2(outcome.status == 0, outcome.error.constData());
        std::set<int> batches;
        for (const QJsonValue& row : outcome.object()["latency"].toArray()) {
            QCOMPARE(row["threads"].toInt(), 1);
            batches.insert(row["batch"].toInt());
        }
        QCOMPARE(batches, (std::set<int>{1, 4}));
        QCOMPARE(outcome.object()["precision"].toString(), QString("f32"));
    }

    void aFileThatIsNoModelIsRefused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("text") << QByteArray("not a model");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("noise") << QByteArray(2048, '\xA7');
    }
    void aFileThatIsNoModelIsRefused() {
        REQUIRE_PROVER();
        QFETCH(QByteArray, bytes);
        const Headroom headroom;
        const test::TemporaryFolder folder;
        const QString path = QString::fromStdString(folder.write("net.onnx", bytes.toStdString()).string());
        const Outcome outcome = headroom.run({"bench", path});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains("ONX-01"), outcome.error.constData());
        QCOMPARE(headroom.run({"bench", path + ".missing"}).status, 7);
    }
};

HEADROOM_TEST(Bench)
#include "tst_bench.moc"
