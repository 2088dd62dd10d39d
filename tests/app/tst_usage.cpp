// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>

#include <algorithm>

#include "app/headroom.h"
#include "support/registry.h"

using headroom::test::at;
using headroom::test::Headroom;
using headroom::test::Outcome;

class Usage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aWrongCommandLineEndsWithTwo_data();
    void aWrongCommandLineEndsWithTwo();
    void helpAndVersionGoToStandardOutput();
    void theVersionComesWithinATenthOfASecond();
    void commonOptionsStandBeforeAndBehindTheCommand();
    void anUnknownRunEndsWithFour_data();
    void anUnknownRunEndsWithFour();
    void anUnknownProjectEndsWithFour();
    void aNewHomeHasNoRuns();
    void theDoctorTellsOfEverything();
    void theResolvedConfigurationIsPrinted();
    void theShortConfigurationHoldsTheDifferences();
};

void Usage::aWrongCommandLineEndsWithTwo_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("nothing") << QStringList{};
    QTest::newRow("unknown command") << QStringList{"paint"};
    QTest::newRow("unknown option") << QStringList{"runs", "--colour"};
    QTest::newRow("train without configuration") << QStringList{"train"};
    QTest::newRow("option without value") << QStringList{"train", "sample", "--set"};
    QTest::newRow("override without =") << QStringList{"config", "CONFIG", "--set", "train.epochs"};
    QTest::newRow("points below two") << QStringList{"metrics", "x", "--points", "1"};
    QTest::newRow("unknown format") << QStringList{"export", "x", "--format", "pickle"};
    QTest::newRow("bench of nothing at a time") << QStringList{"bench", "x.onnx", "--batch", "0"};
    QTest::newRow("plan without configuration") << QStringList{"plan"};
    QTest::newRow("config without a file") << QStringList{"config"};
}

void Usage::aWrongCommandLineEndsWithTwo() {
    QFETCH(QStringList, arguments);
    const Headroom headroom;
    arguments.replaceInStrings("CONFIG", headroom.makeConfig("c"));
    const Outcome outcome = headroom.run(arguments);
    QCOMPARE(outcome.status, 2);
    QVERIFY(outcome.output.isEmpty());
    QVERIFY(!outcome.error.isEmpty());
}

void Usage::helpAndVersionGoToStandardOutput() {
    const Headroom headroom;
    const Outcome help = headroom.run({"--help"});
    QCOMPARE(help.status, 0);
    for (const char* command : {"plan", "train", "resume", "pause", "stop", "runs", "show", "metrics", "export", "verify", "bench", "predict", "generate", "doctor", "config"})
        QVERIFY2(help.output.contains(QByteArray("\n  ") + command), command);
    const Outcome version = headroom.run({"--version"});
    QCOMPARE(version.status, 0);
    QCOMPARE(version.output, QByteArray("headroom " HEADROOM_VERSION "\n"));
}

void Usage::theVersionComesWithinATenthOfASecond() {
    const Headroom headroom;
    qint64 best = 1'000'000;
    for (int i = 0; i < 5; ++i) {
        QElapsedTimer timer;
        timer.start();
        headroom.run({"--version"});
        best = std::min(best, timer.elapsed());
    }
    qInfo("headroom --version: %lld ms", best);
    QVERIFY(best < 100);
}

void Usage::commonOptionsStandBeforeAndBehindTheCommand() {
    const Headroom headroom;
    QCOMPARE(headroom.run({"--json", "runs"}).output, QByteArray("[]\n"));
    QCOMPARE(headroom.run({"runs", "--json"}).output, QByteArray("[]\n"));
    const QString other = QString::fromStdString((headroom.folder() / "other").string());
    QCOMPARE(headroom.run({"runs", "--json", "--data-dir", other}).output, QByteArray("[]\n"));
    QVERIFY(std::filesystem::exists(headroom.folder() / "other" / "default"));
}

void Usage::anUnknownRunEndsWithFour_data() {
    QTest::addColumn<QString>("command");
    for (const char* command : {"show", "resume", "pause", "stop", "metrics", "export", "generate"}) QTest::newRow(command) << command;
}

void Usage::anUnknownRunEndsWithFour() {
    QFETCH(QString, command);
    const Headroom headroom;
    const Outcome outcome = headroom.run({command, "nosuchrun", "--json"});
    QCOMPARE(outcome.status, 4);
    QVERIFY(outcome.error.startsWith("RUN-01 nosuchrun: no such run."));
    QCOMPARE(at(outcome.object(), "error.code").toString(), QString("RUN-01"));
    QCOMPARE(outcome.object()["exit"].toInt(), 4);
}

void Usage::anUnknownProjectEndsWithFour() {
    const Headroom headroom;
    const Outcome outcome = headroom.run({"runs", "--project", "/nowhere/at/all"});
    QCOMPARE(outcome.status, 4);
    QVERIFY(outcome.error.startsWith("RUN-06"));
}

void Usage::aNewHomeHasNoRuns() {
    const Headroom headroom;
    const Outcome outcome = headroom.run({"runs"});
    QCOMPARE(outcome.status, 0);
    QVERIFY(outcome.output.isEmpty());
    QVERIFY(outcome.error.contains("headroom train sample"));
    QVERIFY(headroom.run({"runs", "--quiet"}).error.isEmpty());
}

void Usage::theDoctorTellsOfEverything() {
    const Headroom headroom;
    const QJsonObject report = headroom.run({"doctor", "--json"}).object();
    for (const char* part : {"version", "machine", "devices", "programs", "libraries", "environment", "folders", "sensors", "problems"})
        QVERIFY2(report.contains(part), part);
    QVERIFY(at(report, "machine.cores").toInt() > 0);
    // What cannot be read is said, never shown as 0.
    const QString energy = at(report, "sensors.cpu_energy").toString();
    QVERIFY(energy == "readable" || energy.startsWith("not readable: "));
    QCOMPARE(at(report, "folders.home.path").toString(), QString::fromStdString(headroom.home().string()));
}

void Usage::theResolvedConfigurationIsPrinted() {
    const Headroom headroom;
    const Outcome outcome = headroom.run({"config", headroom.makeConfig("c"), "--set", "train.seed=7"});
    QCOMPARE(outcome.status, 0);
    QCOMPARE(at(outcome.object(), "train.seed").toInt(), 7);
    QCOMPARE(at(outcome.object(), "train.clip_norm").toDouble(-1), 0.0);
    QCOMPARE(at(outcome.object(), "data.path").toString(), QString::fromStdString((headroom.folder() / "pictures").string()));
}

void Usage::theShortConfigurationHoldsTheDifferences() {
    const Headroom headroom;
    const QJsonObject document = headroom.run({"config", headroom.makeConfig("c"), "--short"}).object();
    QVERIFY(document["train"].toObject().contains("batch_size"));
    QVERIFY(!document["train"].toObject().contains("clip_norm"));
}

HEADROOM_TEST(Usage)
#include "tst_usage.moc"
