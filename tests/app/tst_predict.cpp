// SPDX-License-Identifier: Apache-2.0
#include <QDir>

#include "app/headroom.h"
#include "support/registry.h"

using namespace headroom;
using test::at;
using test::Headroom;
using test::Outcome;

/// `headroom predict` with a run and with what it exported.
class Predicting : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aPictureIsAnsweredByRunAndFile() {
        REQUIRE_WORKER();
        if (!test::isBuilt("headroom-prover")) QSKIP("the prover is not built");
        const Headroom headroom;
        const QString picture = HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png";
        QCOMPARE(headroom.run({"train", headroom.makeConfig("p", {{"epochs", 2}}), "--quiet"}).status, 0);
        QCOMPARE(headroom.run({"predict", "p", picture, "--compare"}).status, 7);  // nothing was exported yet
        QCOMPARE(headroom.run({"export", "p", "--quiet", "--preprocess"}).status, 0);

        const Outcome run = headroom.run({"predict", "p", picture, picture, "--json"});
        QVERIFY2(run.status == 0, run.error.constData());
        QCOMPARE(run.object()["by"].toString(), QString("run"));
        QCOMPARE(run.object()["predictions"].toArray().size(), 2);
        const QString label = at(run.object(), "predictions.0.label").toString();
        QVERIFY(!label.isEmpty() && at(run.object(), "predictions.0.probability").toDouble() >= 0.5);

        const QString file = QDir(headroom.show("p")["folder"].toString()).filePath("exports/model.onnx");
        const Outcome exported = headroom.run({"predict", file, picture, "--json"});
        QVERIFY2(exported.status == 0, exported.error.constData());
        QCOMPARE(at(exported.object(), "predictions.0.label").toString(), label);
        for (const QString& model : {QString("p"), file}) {
            const Outcome both = headroom.run({"predict", model, picture, "--compare", "--json"});
            QVERIFY2(both.status == 0, both.error.constData());
            QCOMPARE(at(both.object(), "predictions.0.exported.label").toString(), label);
            QVERIFY(at(both.object(), "latency.run.p50_ms").toDouble() > 0 && at(both.object(), "latency.file.p50_ms").toDouble() > 0);
        }
        const QString turned = HEADROOM_SOURCE "/tests/fuzz/seeds/image/turned.jpg";
        const Outcome best = headroom.run({"predict", "p", turned, "--weights", "best", "--top", "1", "--json"});
        QVERIFY2(best.status == 0, best.error.constData());
        QCOMPARE(at(best.object(), "predictions.0.top").toArray().size(), 1);
        QCOMPARE(at(best.object(), "predictions.0.input").toString(), QString("turned.jpg"));
        const QByteArray text = headroom.run({"predict", "p", picture, "--compare"}).output;
        for (const char* part : {"grey.png", "exported file", "latency", " %"}) QVERIFY2(text.contains(part), text.constData());
        QCOMPARE(headroom.show("p")["proofs"].toArray().size(), 1);
    }

    void aRunShipsAfterItsDataAreGone() {
        REQUIRE_WORKER();
        if (!test::isBuilt("headroom-prover")) QSKIP("the prover is not built");
        const Headroom headroom;
        const QString picture = HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png";
        QCOMPARE(headroom.run({"train", headroom.makeConfig("p"), "--quiet"}).status, 0);
        const QJsonArray before = headroom.run({"predict", "p", picture, "--json"}).object()["predictions"].toArray();
        QVERIFY(!before.isEmpty());
        std::filesystem::remove_all(headroom.folder() / "pictures");
        QCOMPARE(headroom.run({"predict", "p", picture, "--json"}).object()["predictions"].toArray(), before);
        const Outcome exported = headroom.run({"export", "p", "--json"});
        QVERIFY2(exported.status == 0, exported.error.constData());
        QVERIFY(exported.object()["verified"].toBool());
        QCOMPARE(exported.object()["instead"].toString(), QString("the data can no longer be read (DAT-04)"));
        QVERIFY(at(headroom.show("p"), "proofs.0.instead").isString());

        // As runs of before have it: statistics and classes in the record alone.
        std::filesystem::remove_all(std::filesystem::path(headroom.show("p")["folder"].toString().toStdString()) / "data");
        QCOMPARE(headroom.run({"predict", "p", picture, "--json"}).object()["predictions"].toArray(), before);
        const Outcome refused = headroom.run({"export", "p"});
        QVERIFY(refused.status == 3 && refused.error.contains("CKP-05") && refused.error.contains("--no-verify"));
        QCOMPARE(headroom.run({"export", "p", "--no-verify", "--quiet"}).status, 0);
    }

    void aNameThatIsNoUtf8IsShownWithAReplacement() {
        REQUIRE_WORKER();
        const Headroom headroom;
        QCOMPARE(headroom.run({"train", headroom.makeConfig("p", {{"max_steps", 1}}), "--quiet"}).status, 0);
        std::filesystem::copy_file(HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png", headroom.folder() / "grey\xFF.png");
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("HEADROOM_HOME", QString::fromStdString(headroom.home().string()));
        process.setProcessEnvironment(environment);
        process.setWorkingDirectory(QString::fromStdString(headroom.folder().string()));
        process.start("bash", {"-c", "exec \"$0\" predict p grey*.png --json", test::programs() + "/headroom"});
        const Outcome outcome = Headroom::finish(process);
        QVERIFY2(outcome.status == 0, outcome.error.constData());
        QCOMPARE(at(outcome.object(), "predictions.0.input").toString(), QString("grey\uFFFD.png"));
    }

    void whatCannotBeAskedIsRefused() {
        REQUIRE_WORKER();
        const Headroom headroom;
        QCOMPARE(headroom.run({"predict", "nobody", "x"}).status, 4);
        QCOMPARE(headroom.run({"predict", "nobody"}).status, 2);
        const test::TemporaryFolder folder;
        const QString file = QString::fromStdString(folder.write("net.onnx", "not a model").string());
        QCOMPARE(headroom.run({"predict", file, "x"}).status, 3);
    }
};

HEADROOM_TEST(Predicting)
#include "tst_predict.moc"
