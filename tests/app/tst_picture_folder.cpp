// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <QDir>
#include <QFileInfo>
#include <fstream>

#include "app/headroom.h"
#include "support/data.h"
#include "support/registry.h"

using namespace headroom;
using test::at;
using test::Headroom;
using test::Outcome;
namespace fs = std::filesystem;

/// "My pictures and a pretrained net", by the commands alone.
class PictureFolders : public QObject {
    Q_OBJECT

    static fs::path photographs() { return test::dataFolder() / "images/train"; }
    static QString written(const Headroom& headroom, const QJsonObject& data, const QJsonObject& model, const QJsonObject& train) {
        const fs::path file = headroom.folder() / "photos.json";
        std::ofstream(file) << QJsonDocument(QJsonObject{{"name", "photos"}, {"data", data}, {"model", model}, {"train", train}, {"device", "cpu"}}).toJson().toStdString();
        return QString::fromStdString(file.string());
    }
    static QString text(const fs::path& path) { return QString::fromStdString(path.string()); }

private Q_SLOTS:
    void aPretrainedNetIsTunedOnPhotographsShippedAndAsked() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        if (!test::isBuilt("headroom-prover")) QSKIP("the prover is not built");
        const Headroom headroom;
        const QString config = written(headroom,
                                       {{"path", text(photographs())}, {"normalise", "stated"}, {"mean", "0.4914,0.4822,0.4465"}, {"deviation", "0.2471,0.2435,0.2616"},
                                        {"augment", QJsonObject{{"flip", true}}}},
                                       {{"file", text(test::dataFolder() / "onnx/resnet_2b.onnx")}},
                                       {{"epochs", 20}, {"batch_size", 16}, {"optimizer", QJsonObject{{"lr", 0.002}}}});
        const Outcome planned = headroom.run({"plan", config, "--json"});
        QVERIFY2(planned.status == 0, planned.error.constData());
        QCOMPARE(at(planned.object(), "plan.steps_per_epoch").toInt(), 6);  // 82 of 102 pictures
        const QJsonObject pictures = at(planned.object(), "plan.pictures").toObject();
        QVERIFY(pictures["all_bytes"].toInteger() > 0 && pictures["kept_bytes"] == pictures["all_bytes"] && pictures["decoding_bytes"].toInteger() > 0);
        QVERIFY(headroom.run({"plan", config}).output.contains("in memory, up to "));

        const Outcome trained = headroom.run({"train", config, "--json"});
        QVERIFY2(trained.status == 0, trained.error.constData());
        const QJsonObject run = headroom.show("photos");
        QVERIFY2(at(run, "metrics.train_loss").toDouble() < 0.3, trained.output.constData());  // guessing: 0.69; a fifth of so few pictures tells little
        QVERIFY2(trained.output.contains("imageNotFound.gif"), trained.output.constData());

        const Outcome exported = headroom.run({"export", "photos", "--preprocess", "--json"});
        QVERIFY2(exported.status == 0, exported.error.constData());
        QVERIFY(exported.object()["verified"].toBool());
        const QDir exports(run["folder"].toString() + "/exports");
        QFile labels(exports.filePath("labels.txt"));
        QVERIFY(labels.open(QIODevice::ReadOnly));
        QCOMPARE(labels.readAll(), QByteArray("ants\nbees\n"));

        const QString bee = text(photographs() / "bees/16838648_415acd9e3f.jpg"), ant = text(photographs() / "ants/formica.jpeg");
        const Outcome both = headroom.run({"predict", "photos", bee, ant, "--compare", "--json"});
        QVERIFY2(both.status == 0, both.error.constData());
        for (const int k : {0, 1}) {
            const QJsonObject answer = both.object()["predictions"].toArray()[k].toObject();
            QCOMPARE(answer["label"], at(answer, "exported.label"));
            QVERIFY(std::abs(answer["probability"].toDouble() - at(answer, "exported.probability").toDouble()) < 1e-3);
        }
        const Outcome again = headroom.run({"verify", exports.filePath("model.onnx"), "--data", text(photographs()), "--json"});
        QVERIFY2(again.status == 0, again.error.constData());
        QCOMPARE(again.object()["part"].toString(), QString("validation"));
        QCOMPARE(again.object()["samples"].toInt(), 20);
    }

    void aNetForSmallPicturesGetsSmallOnes() {
        REQUIRE_WORKER();
        REQUIRE_DATA();
        const Headroom headroom;
        const QString config = written(headroom, {{"path", text(photographs())}, {"limit", 32}}, {{"arch", "cnn"}}, {{"max_steps", 2}, {"batch_size", 8}});
        const Outcome trained = headroom.run({"train", config, "--json"});
        QVERIFY2(trained.status == 0, trained.error.constData());
        QVERIFY2(trained.output.contains("64 x 64 pixels (usual for this model)"), trained.output.constData());
        QVERIFY(headroom.run({"train", config, "--json", "--set", "data.side=7"}).error.contains("CFG-04"));
    }

    void hostileFoldersAreRefusedAndLeaveNoRun_data() {
        QTest::addColumn<QByteArray>("code");
        for (const char* code : {"IMG-03", "IMG-04", "IMG-05", "IMG-06", "IMG-07", "IMG-10", "DAT-02"}) QTest::newRow(code) << QByteArray(code);
    }
    void hostileFoldersAreRefusedAndLeaveNoRun() {
        QFETCH(QByteArray, code);
        REQUIRE_WORKER();
        const Headroom headroom;
        const fs::path photos = headroom.folder() / "photos", seed = HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png";
        for (const char* folder : {"ants", "bees"}) {
            fs::create_directories(photos / folder);
            fs::copy_file(seed, photos / folder / "1.png");
        }
        const fs::path bad = photos / "ants/2.png";
        if (code == "IMG-03") std::ofstream(bad) << "<svg/>";
        if (code == "IMG-04") fs::create_symlink("/etc/passwd", bad);
        if (code == "IMG-05") fs::create_directory_symlink("..", photos / "ants/again");
        if (code == "IMG-06") QCOMPARE(::mkfifo(bad.c_str(), 0600), 0);
        if (code == "IMG-07") fs::remove_all(photos / "bees");
        if (code == "IMG-10") fs::create_directory(photos / "wasps");
        if (code == "DAT-02") std::ofstream(bad) << "\x89PNG\r\n\x1A\n";
        const Outcome outcome = headroom.run({"train", headroom.makeConfig("c"), "--set", "data.path=photos"});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains(code), outcome.error.constData());
        QVERIFY(headroom.run({"runs", "--json"}).list().isEmpty());
    }
};

HEADROOM_TEST(PictureFolders)
#include "tst_picture_folder.moc"
