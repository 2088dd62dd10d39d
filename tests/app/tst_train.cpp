// SPDX-License-Identifier: Apache-2.0
#include <QDateTime>
#include <QFileInfo>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "app/headroom.h"
#include "support/data.h"
#include "support/registry.h"

using namespace headroom::test;

class Training : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theFirstLineIsTheRunAndTheLastItsEnd();
    void showHoldsEverythingThatIsPromised();
    void runsAreListedNewestFirst();
    void aRunIsFoundByIdBeginningAndName();
    void metricsComeAsCsvAndJson();
    void withoutJsonOnlyTheResultIsOnStandardOutput();
    void detachedTheIdComesAtOnceAndTheRunEnds();
    void aDivergedRunEndsWithSix();
    void aRunWithoutMemoryEndsWithFive();
    void anExportIsVerified();
    void anExportThatDiffersFromItsRunEndsWithSeven();
    void aModelOfBytePairsTravelsWithItsTables();
    void anotherProjectKeepsItsOwnRuns();
    void theFirstStepOfRealDataIsTimed();
};

void Training::theFirstLineIsTheRunAndTheLastItsEnd() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("first"), "--json"});
    QVERIFY2(outcome.status == 0, outcome.error.constData());
    const auto lines = outcome.lines();
    QCOMPARE(lines.first()["event"].toString(), QString("run"));
    const QJsonObject end = lines.last();
    QCOMPARE(end["event"].toString(), QString("end"));
    QCOMPARE(end["id"], lines.first()["id"]);
    QCOMPARE(end["state"].toString(), QString("finished"));
    for (const char* metric : {"train_loss", "val_loss", "val_accuracy"}) QVERIFY2(end["metrics"].toObject().contains(metric), metric);
    // 160 training samples, batches of 32, two epochs.
    const auto steps = std::count_if(lines.begin(), lines.end(), [](const QJsonObject& line) { return line["event"] == "step"; });
    const auto evaluations = std::count_if(lines.begin(), lines.end(), [](const QJsonObject& line) { return line["event"] == "eval"; });
    QCOMPARE(steps, 10);
    QCOMPARE(evaluations, 2);
}

void Training::showHoldsEverythingThatIsPromised() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("shown", {{"epochs", 3}})}).status, 0);
    const QJsonObject run = headroom.show("shown");
    QCOMPARE(run["name"].toString(), QString("shown"));
    QCOMPARE(run["state"].toString(), QString("finished"));
    QVERIFY(run["pid"].isNull());
    QCOMPARE(run["epoch"].toDouble(), 3.0);
    QCOMPARE(run["step"].toInt(), 15);
    QVERIFY(at(run, "metrics.val_accuracy").toDouble() > 0.9);
    QVERIFY(run["samples_per_s"].toDouble() > 0);
    QVERIFY(run["wall_s"].toDouble() > 0);
    QCOMPARE(run["weights_sha256"].toString().size(), 64);
    QCOMPARE(at(run, "config.train.epochs").toInt(), 3);
    QVERIFY(at(run, "config.data.path").toString().startsWith('/'));
    QVERIFY(QDateTime::fromString(run["created"].toString(), Qt::ISODateWithMs).isValid());
    QVERIFY(headroom.run({"show", "shown"}).output.contains("finished"));
}

void Training::runsAreListedNewestFirst() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("c", {{"max_steps", 1}});
    for (const char* name : {"a", "b", "c"}) QCOMPARE(headroom.run({"train", file, "--name", name}).status, 0);
    const QJsonArray runs = headroom.run({"runs", "--json"}).list();
    QCOMPARE(runs.size(), 3);
    QCOMPARE(at(runs, "0.name").toString() + at(runs, "1.name").toString() + at(runs, "2.name").toString(), QString("cba"));
    QVERIFY(headroom.run({"runs"}).output.count('\n') == 4);
}

void Training::aRunIsFoundByIdBeginningAndName() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("c", {{"max_steps", 1}});
    headroom.run({"train", file, "--name", "same"});
    headroom.run({"train", file, "--name", "same"});
    const QString newest = headroom.run({"runs", "--json"}).list().at(0).toObject().value("id").toString();
    QCOMPARE(headroom.show("same")["id"].toString(), newest);
    QCOMPARE(headroom.show(newest)["id"].toString(), newest);
    const Outcome ambiguous = headroom.run({"show", newest.left(3)});
    QCOMPARE(ambiguous.status, 2);
    QVERIFY(ambiguous.error.startsWith("CLI-02"));
}

void Training::metricsComeAsCsvAndJson() {
    REQUIRE_WORKER();
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("m", {{"epochs", 20}})}).status, 0);
    const Outcome csv = headroom.run({"metrics", "m", "--series", "train_loss,lr", "--from", "91"});
    const QList<QByteArray> rows = csv.output.split('\n');
    QCOMPARE(rows[0], QByteArray("series,step,epoch,samples,time,value"));
    QCOMPARE(rows.size(), 1 + 10 + 10 + 1);
    QVERIFY(rows[1].startsWith("train_loss,91,"));
    const QJsonObject all = headroom.run({"metrics", "m", "--json"}).object();
    QCOMPARE(at(all, "series.0.points").toArray().size(), 100);
    const QJsonObject few = headroom.run({"metrics", "m", "--json", "--series", "train_loss", "--points", "10"}).object();
    QVERIFY(at(few, "series.0.points").toArray().size() <= 12);
    QVERIFY(at(few, "series.0.points.0.min").toDouble() <= at(few, "series.0.points.0.max").toDouble());
    QCOMPARE(headroom.run({"metrics", "m", "--series", "nosuch"}).status, 2);
}

void Training::withoutJsonOnlyTheResultIsOnStandardOutput() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("plain")});
    QCOMPARE(outcome.status, 0);
    QCOMPARE(outcome.output.count('\n'), 1);
    QVERIFY(outcome.output.contains(" finished at step 10 "));
    QVERIFY(outcome.error.contains("epoch 2.00"));
    QVERIFY(!outcome.error.contains('\r'));  // not a terminal
    QVERIFY(!outcome.error.contains('\x1b'));
    QVERIFY(headroom.run({"train", headroom.makeConfig("quiet"), "--quiet"}).error.isEmpty());
}

void Training::detachedTheIdComesAtOnceAndTheRunEnds() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome detached = headroom.run({"train", headroom.makeConfig("d"), "--detach"});
    QCOMPARE(detached.status, 0);
    const QString id = QString::fromUtf8(detached.output).trimmed();
    QVERIFY(std::filesystem::exists(headroom.home() / "default" / "runs" / id.toStdString() / "config.json"));
    const Outcome attached = headroom.run({"resume", id, "--json"});
    QCOMPARE(attached.status, 0);
    QCOMPARE(attached.lines().last()["state"].toString(), QString("finished"));
    const Outcome json = headroom.run({"train", headroom.makeConfig("e"), "--detach", "--json"});
    QCOMPARE(json.lines().size(), 1);
    QCOMPARE(json.lines().at(0)["event"].toString(), QString("run"));
    QCOMPARE(headroom.run({"resume", json.lines().at(0)["id"].toString()}).status, 0);
}

void Training::aDivergedRunEndsWithSix() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString file = headroom.makeConfig("n", {{"optimizer", QJsonObject{{"name", "sgd"}, {"lr", 1e30}}}});
    const Outcome outcome = headroom.run({"train", file, "--yes", "--json"});
    QCOMPARE(outcome.lines().last()["state"].toString(), QString("diverged"));
    QCOMPARE(at(outcome.lines().last(), "error.code").toString(), QString("NUM-01"));
    QCOMPARE(outcome.status, 6);
}

void Training::aRunWithoutMemoryEndsWithFive() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const Outcome outcome = headroom.run({"train", headroom.makeConfig("o"), "--json", "--set", "memory.budget=64 KiB"});
    QVERIFY2(at(outcome.lines().last(), "error.code").toString().startsWith("MEM-"), outcome.output.constData());
    QCOMPARE(outcome.status, 5);
}

void Training::anExportIsVerified() {
    REQUIRE_WORKER();
    if (!isBuilt("headroom-prover")) QSKIP("the prover is not built");
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("x", {{"epochs", 3}})}).status, 0);
    const QString out = QString::fromStdString((headroom.folder() / "out").string());
    const Outcome exported = headroom.run({"export", "x", "--json", "-o", out});
    QVERIFY2(exported.status == 0, exported.error.constData());
    QVERIFY(exported.object()["verified"].toBool());
    const QString model = out + "/model.onnx";
    QVERIFY(QFileInfo::exists(model));
    const QString data = QString::fromStdString((headroom.folder() / "pictures").string());
    const Outcome verified = headroom.run({"verify", model, "--data", data, "--json"});
    QVERIFY2(verified.status == 0, verified.error.constData());
    QCOMPARE(headroom.run({"verify", model + ".missing", "--data", data}).status, 3);
}

void Training::anExportThatDiffersFromItsRunEndsWithSeven() {
    REQUIRE_WORKER();
    if (!isBuilt("headroom-prover")) QSKIP("the prover is not built");
    const Headroom headroom;
    QCOMPARE(headroom.run({"train", headroom.makeConfig("y", {{"epochs", 1}})}).status, 0);
    const QString out = QString::fromStdString((headroom.folder() / "out").string());
    QCOMPARE(headroom.run({"export", "y", "--quiet", "-o", out}).status, 0);
    QFile model(out + "/model.onnx");
    QVERIFY(model.open(QIODevice::ReadWrite) && model.seek(model.size() / 2));  // among the weights
    model.write(QByteArray(256, 'A'));                                          // 64 times 12.08
    model.close();
    const QString data = QString::fromStdString((headroom.folder() / "pictures").string());
    const Outcome outcome = headroom.run({"verify", model.fileName(), "--data", data, "--run", "y", "--json"});
    QCOMPARE(outcome.status, 7);
    QVERIFY2(outcome.output.contains("EXP-0") || outcome.error.contains("EXP-0"), outcome.error.constData());
}

void Training::aModelOfBytePairsTravelsWithItsTables() {
    REQUIRE_WORKER();
    REQUIRE_DATA();
    const Headroom headroom;
    namespace fs = std::filesystem;
    const fs::path tables = headroom.folder() / "tables", out = headroom.folder() / "out";
    fs::copy(dataFolder() / "gpt2-bpe", tables);
    std::ifstream whole(dataFolder() / "text" / "tinyshakespeare.txt");
    std::string text(60'000, ' ');
    whole.read(text.data(), static_cast<std::streamsize>(text.size()));
    std::ofstream(headroom.folder() / "text.txt") << text;
    const QJsonObject config{{"name", "pairs"},
                             {"data", QJsonObject{{"path", "text.txt"}, {"tokenizer", "byte_pairs"}, {"tokenizer_folder", "tables"}}},
                             {"model", QJsonObject{{"arch", "gpt_mini"}}},
                             {"train", QJsonObject{{"max_steps", 1}, {"batch_size", 2}}}};
    std::ofstream(headroom.folder() / "pairs.json") << QJsonDocument(config).toJson().toStdString();
    const Outcome trained = headroom.run({"train", QString::fromStdString((headroom.folder() / "pairs.json").string()), "--quiet"});
    QVERIFY2(trained.status == 0, trained.error.constData());
    const Outcome exported = headroom.run({"export", "pairs", "--quiet", "-o", QString::fromStdString(out.string())});
    QVERIFY2(exported.status == 0, exported.error.constData());
    const Outcome spoken = headroom.run({"generate", "pairs", "--prompt", "First Citizen:", "--tokens", "5"});
    QVERIFY2(spoken.status == 0, spoken.error.constData());
    QVERIFY(spoken.output.startsWith("First Citizen:") && spoken.output.size() > 16);
    QCOMPARE(headroom.run({"generate", "pairs", "--prompt", "First Citizen:", "--tokens", "5"}).output, spoken.output);
    QCOMPARE(headroom.run({"generate", "pairs", "--json", "--tokens", "3"}).lines().size(), 4);
    fs::remove_all(tables);
    QCOMPARE(headroom.run({"generate", "pairs", "--prompt", "First Citizen:", "--tokens", "5"}).output, spoken.output);  // the run keeps them
    const QString model = QString::fromStdString((out / "model.onnx").string());
    const Outcome asked = headroom.run({"predict", model, "First Citizen:", "--json"});
    QVERIFY2(asked.status == 0, asked.error.constData());
    QCOMPARE(at(asked.object(), "predictions.0.top").toArray().size(), 5);
    const QString data = QString::fromStdString((headroom.folder() / "text.txt").string());
    const Outcome verified = headroom.run({"verify", model, "--data", data, "--json"});
    QVERIFY2(verified.status == 0, verified.error.constData());
    QCOMPARE(verified.object()["part"].toString(), QString("validation"));
    fs::remove_all(out / "tokenizer");
    QCOMPARE(headroom.run({"verify", model, "--data", data}).status, 3);
}

void Training::anotherProjectKeepsItsOwnRuns() {
    REQUIRE_WORKER();
    const Headroom headroom;
    const QString project = QString::fromStdString((headroom.folder() / "project").string());
    QCOMPARE(headroom.run({"train", headroom.makeConfig("p", {{"max_steps", 1}}), "--project", project}).status, 0);
    QCOMPARE(headroom.run({"runs", "--json"}).list().size(), 0);
    QCOMPARE(headroom.run({"runs", "--json", "--project", project}).list().size(), 1);
}

void Training::theFirstStepOfRealDataIsTimed() {
    REQUIRE_WORKER();
    REQUIRE_DATA();
    qint64 best = 1'000'000;
    for (int attempt = 0; attempt < 5; ++attempt) {
        const Headroom headroom;
        const QString data = QString::fromStdString((dataFolder() / "fashion-mnist").string());
        const QString file = headroom.makeConfig("start", {{"max_steps", 1}, {"batch_size", 128}, {"precision", "bf16"}});
        const qint64 start = QDateTime::currentMSecsSinceEpoch();
        const auto process = headroom.start({"train", file, "--json", "--set", "data.path=" + data, "--set", "model.arch=cnn"});
        const QJsonObject step = Headroom::awaitEvent(*process, "step");
        // When it was made, not when it was seen: commits come up to a second later.
        best = std::min(best, static_cast<qint64>(step["time"].toDouble() * 1000) - start);
        QCOMPARE(step["step"].toInt(), 1);
        Headroom::finish(*process);
    }
    // Printed, not held: wall time belongs to whatever else this machine does.
    qInfo("first step of Fashion-MNIST after %lld ms, best of five (aim: 1000)", best);
}

HEADROOM_TEST(Training)
#include "tst_train.moc"
