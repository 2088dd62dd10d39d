// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <fstream>

#include "app/headroom.h"
#include "core/engine/formats/made_masks.h"
#include "support/registry.h"

using namespace headroom;
using test::at;
using test::Headroom;
using test::Outcome;
namespace fs = std::filesystem;

/// "My pictures with masks", by the commands alone.
class Masks : public QObject {
    Q_OBJECT

    static QString text(const fs::path& path) { return QString::fromStdString(path.string()); }
    static QString written(const Headroom& headroom, const QString& arch, const QJsonObject& train, const char* data = "scenes") {
        const fs::path file = headroom.folder() / "masks.json";
        const QJsonObject all{{"name", "scenes"}, {"data", QJsonObject{{"path", text(headroom.folder() / data)}, {"augment", QJsonObject{{"flip", true}, {"crop", 2}}}}},
                              {"model", QJsonObject{{"arch", arch}}}, {"train", train}, {"device", "cpu"}};
        std::ofstream(file) << QJsonDocument(all).toJson().toStdString();
        return text(file);
    }
    /// Width, height and colour type by the header chunk.
    static QList<int> headerOf(const QString& png) {
        QFile file(png);
        if (!file.open(QIODevice::ReadOnly)) return {};
        const QByteArray bytes = file.readAll();
        const auto byte = [&](int place) { return static_cast<int>(static_cast<unsigned char>(bytes[place])); };
        return bytes.size() < 33 ? QList<int>() : QList<int>{byte(18) * 256 + byte(19), byte(22) * 256 + byte(23), byte(25)};
    }

private Q_SLOTS:
    void aNetIsTrainedOnMasksProvenShippedAndAsked() {
        REQUIRE_WORKER();
        if (!test::isBuilt("headroom-prover")) QSKIP("the prover is not built");
        const Headroom headroom;
        test::writeScenes(headroom.folder() / "scenes/train", 24, 48);
        test::writeScenes(headroom.folder() / "scenes/val", 24, 10, 500);
        std::ofstream(headroom.folder() / "scenes/classes.txt") << "ground\ndisc\nbox\n";
        const QString config = written(headroom, "unet_small", {{"epochs", 6}, {"batch_size", 8}, {"optimizer", QJsonObject{{"lr", 0.003}}}});
        const Outcome planned = headroom.run({"plan", config, "--json"});
        QVERIFY2(planned.status == 0, planned.error.constData());
        QCOMPARE(at(planned.object(), "plan.steps_per_epoch").toInt(), 6);

        const Outcome trained = headroom.run({"train", config, "--json"});
        QVERIFY2(trained.status == 0, trained.error.constData());
        const QJsonObject run = headroom.show("scenes");
        QVERIFY2(at(run, "metrics.val_miou").toDouble() > 0.6, trained.output.constData());  // guessing the ground: 0.2
        QVERIFY(at(run, "metrics.val_accuracy").toDouble() > at(run, "metrics.val_miou").toDouble());
        QVERIFY(headroom.run({"metrics", "scenes", "--json"}).output.contains("val_miou"));

        const Outcome exported = headroom.run({"export", "scenes", "--preprocess", "--json"});
        QVERIFY2(exported.status == 0, exported.error.constData());
        const QJsonObject report = exported.object();
        QVERIFY(report["verified"].toBool());
        QCOMPARE(report["samples"].toInt(), 10);
        for (const char* side : {"source", "f32"})  // as the training's last evaluation, up to the last bits of sums
            QVERIFY(std::abs(at(report, QString(side) + ".miou").toDouble() - at(run, "metrics.val_miou").toDouble()) < 1e-6);

        const QString picture = text(headroom.folder() / "scenes/val/images/scene100.png"), file = QDir(run["folder"].toString()).filePath("exports/model.onnx");
        const Outcome both = headroom.run({"predict", "scenes", picture, "--compare", "--json", "--output", text(headroom.folder() / "one.png")});
        QVERIFY2(both.status == 0, both.error.constData());
        const QJsonObject answer = both.object()["predictions"].toArray()[0].toObject();
        QCOMPARE(answer["label"].toString(), QString("ground"));
        QCOMPARE(at(answer, "exported.label").toString(), QString("ground"));
        double sum = 0;
        for (const QJsonValue each : answer["top"].toArray()) sum += each.toObject()["share"].toDouble();
        QVERIFY(std::abs(sum - 1) < 1e-9 && answer["top"].toArray().size() == 3);
        QVERIFY(both.object()["largest_difference"].toDouble() < 0.01);
        QCOMPARE(answer["mask"].toString(), text(headroom.folder() / "one.png"));
        QCOMPARE(headerOf(answer["mask"].toString()), (QList<int>{24, 24, 3}));  // with a palette

        const fs::path wide = headroom.folder() / "wide.png";
        std::ofstream(wide, std::ios::binary) << test::greyPng(60, 40, 30);
        const Outcome several = headroom.run({"predict", file, text(wide), picture, picture, "--output", text(headroom.folder() / "masks"), "--json"});
        QVERIFY2(several.status == 0, several.error.constData());
        QCOMPARE(headerOf(text(headroom.folder() / "masks/wide.png")), (QList<int>{60, 40, 3}));
        for (const char* name : {"scene100.png", "scene100-2.png"}) QCOMPARE(headerOf(text(headroom.folder() / "masks" / name)), (QList<int>{24, 24, 3}));
        const QByteArray readable = headroom.run({"predict", "scenes", picture}).output;
        QVERIFY2(readable.contains("ground ") && readable.contains(" %, "), readable.constData());

        const Outcome again = headroom.run({"verify", file, "--data", text(headroom.folder() / "scenes"), "--json"});
        QVERIFY2(again.status == 0, again.error.constData());
        QCOMPARE(again.object()["part"].toString(), QString("validation"));
    }

    void aTrainedNetForMasksIsGoneOnWith() {
        REQUIRE_WORKER();
        const Headroom headroom;
        test::writeScenes(headroom.folder() / "scenes", 16, 20);
        const QString config = written(headroom, "unet_small", {{"max_steps", 2}, {"batch_size", 4}});
        QCOMPARE(headroom.run({"train", config, "--quiet"}).status, 0);
        QCOMPARE(headroom.run({"export", "scenes", "--quiet", "--no-verify"}).status, 0);
        const QString file = QDir(headroom.show("scenes")["folder"].toString()).filePath("exports/model.unverified.onnx");
        const QString exported = QFile::exists(file) ? file : QString(file).replace("model.unverified", "model");
        const Outcome tuned = headroom.run({"train", config, "--json", "--set", "model.file=" + exported, "--set", "name=tuned"});
        QVERIFY2(tuned.status == 0, tuned.error.constData());
        QVERIFY(at(headroom.show("tuned"), "metrics.val_miou").isDouble());
        const Outcome asked = headroom.run({"train", headroom.makeConfig("p"), "--set", "model.file=" + exported});
        QCOMPARE(asked.status, 3);  // pictures with one class each
    }

    void whatDoesNotSuitIsRefusedInASentence() {
        REQUIRE_WORKER();
        const Headroom headroom;
        test::writeScenes(headroom.folder() / "scenes", 16, 8);
        const Outcome net = headroom.run({"train", written(headroom, "resnet18", {{"max_steps", 1}})});
        QCOMPARE(net.status, 3);
        QVERIFY2(net.error.contains("DAT-05") && net.error.contains("Set model.arch to unet_small."), net.error.constData());
        const Outcome data = headroom.run({"train", headroom.makeConfig("c"), "--set", "model.arch=unet_small"});
        QCOMPARE(data.status, 3);
        QVERIFY2(data.error.contains("DAT-05") && data.error.contains("a class for each pixel"), data.error.constData());
        QCOMPARE(headroom.run({"train", headroom.makeConfig("p", {{"max_steps", 1}}), "--quiet"}).status, 0);
        const Outcome masks = headroom.run({"predict", "p", HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png", "--output", "x.png"});
        QCOMPARE(masks.status, 3);
        QVERIFY2(masks.error.contains("it makes no masks"), masks.error.constData());
    }

    void hostileMasksAreRefusedAndLeaveNoRun_data() {
        QTest::addColumn<QByteArray>("code");
        for (const char* code : {"IMG-11", "IMG-12", "IMG-13", "IMG-14", "IMG-15"}) QTest::newRow(code) << QByteArray(code);
    }
    void hostileMasksAreRefusedAndLeaveNoRun() {
        QFETCH(QByteArray, code);
        REQUIRE_WORKER();
        const Headroom headroom;
        const fs::path scenes = headroom.folder() / "scenes", mask = scenes / "masks/scene101.png";
        test::writeScenes(scenes, 16, 4);
        const auto write = [&](const std::string& bytes) { std::ofstream(mask, std::ios::binary) << bytes; };
        if (code == "IMG-11") write(test::greyPng(16, 15, 1));
        if (code == "IMG-12") fs::remove(mask);
        if (code == "IMG-13") fs::remove(scenes / "images/scene101.png");
        if (code == "IMG-14") write(test::greyPng(16, 16, 200));
        if (code == "IMG-15") write(test::colourPng(16, 16, 1, 2, 3));
        const Outcome outcome = headroom.run({"train", written(headroom, "unet_small", {{"max_steps", 1}})});
        QCOMPARE(outcome.status, 3);
        QVERIFY2(outcome.error.contains(code) && outcome.error.contains("scene101.png"), outcome.error.constData());
        QVERIFY(headroom.run({"runs", "--json"}).list().isEmpty());
    }
};

HEADROOM_TEST(Masks)
#include "tst_masks.moc"
