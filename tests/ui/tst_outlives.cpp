// SPDX-License-Identifier: GPL-3.0-or-later
// Runs belong to no program: they go on without the window that started them, and window and command line see each
// other's.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "base/store/run_state.h"
#include "support/registry.h"
#include "ui/panels/train/train_panel.h"
#include "ui/widgets/chart.h"
#include "ui_support/child_process.h"
#include "ui_support/real_runs.h"

using namespace headroom;

namespace {

/// What `headroom` prints, in the same home as the window.
QByteArray headroomSays(const std::filesystem::path& home, QStringList arguments) {
    QProcess program;
    program.setStandardInputFile(QProcess::nullDevice());
    program.setStandardErrorFile(QProcess::nullDevice());
    arguments << "--data-dir" << QString::fromStdString(home.string());
    program.start(QCoreApplication::applicationDirPath() + "/headroom", arguments);
    program.waitForFinished(30000);
    return program.readAllStandardOutput();
}

QString sampleConfig() { return QCoreApplication::applicationDirPath() + "/../share/headroom/sample/digits.json"; }

}  // namespace

class OutlivingRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void threeQueuedRunsFinishAfterTheStudioWasKilled() {
        REQUIRE_TRAINING();
        test::TemporaryFolder folder;
        const store::Home home(folder.path() / "home");
        const auto workers = qScopeGuard([&] { test::endWorkers(home.path()); });
        test::ChildProcess studio("studio_starter", {QString::fromStdString(home.path().string())}, test::ChildProcess::Output::Lines);
        std::vector<store::RunFolder> runs;
        const store::Project project = store::Project::openOrCreate(home.defaultProject());
        for (int i = 0; i < 3; ++i) {
            const QByteArray id = studio.line(30000);
            QVERIFY(!id.isEmpty());
            runs.push_back(project.run(id.toStdString()));
        }
        QTRY_VERIFY_WITH_TIMEOUT(store::runState(home, runs[2]) == store::RunState::Queued, 5000);
        QTRY_VERIFY_WITH_TIMEOUT(store::runState(home, runs[0]) == store::RunState::Running, 60000);
        studio.kill();
        QVERIFY(!studio.isRunning());
        QVERIFY(store::isLive(store::runState(home, runs[0])));
        for (const int i : {1, 2}) QVERIFY(store::runState(home, runs[std::size_t(i)]) == store::RunState::Queued);
        for (const store::RunFolder& run : runs)
            QTRY_VERIFY_WITH_TIMEOUT(store::runState(home, run) == store::RunState::Finished, 120000);
    }

    void aRunOfTheCommandLineAppearsLiveInTheWindow() {
        REQUIRE_TRAINING();
        test::RealRuns window;
        QTRY_VERIFY(!window.studio().projectName().isEmpty());
        const QString run = QString::fromUtf8(headroomSays(window.home(), {"train", sampleConfig(), "--set", "train.epochs=40", "--detach"})).trimmed();
        QVERIFY(!run.isEmpty());
        QTRY_COMPARE_WITH_TIMEOUT(window.state(run), std::optional(store::RunState::Running), 60000);
        window.studio().selection().setCurrent(run);
        const ui::Chart* loss = static_cast<ui::TrainPanel*>(window.window().panel("train"))->charts().first();
        QTRY_VERIFY_WITH_TIMEOUT(loss->tabSeparated().count("\ttrain_loss\t") > 20, 10000);
        QVERIFY(store::isLive(*window.state(run)));  // the curve grew while the run was under way
        QTRY_COMPARE_WITH_TIMEOUT(window.state(run), std::optional(store::RunState::Finished), 150000);
    }

    void aRunOfTheWindowIsSeenByTheCommandLine() {
        REQUIRE_TRAINING();
        test::RealRuns window;
        QVERIFY(window.openSample());
        const QString run = window.start("by hand", {{"train.epochs", "40"}});
        QVERIFY(!run.isEmpty());
        QTRY_COMPARE_WITH_TIMEOUT(window.state(run), std::optional(store::RunState::Running), 60000);
        const QJsonArray listed = QJsonDocument::fromJson(headroomSays(window.home(), {"runs", "--json"})).array();
        QCOMPARE(listed.size(), 1);
        QCOMPARE(listed[0].toObject()["id"].toString(), run);
        QCOMPARE(listed[0].toObject()["name"].toString(), QStringLiteral("by hand"));
        QCOMPARE(listed[0].toObject()["state"].toString(), QStringLiteral("running"));
        QTRY_COMPARE_WITH_TIMEOUT(window.state(run), std::optional(store::RunState::Finished), 150000);
    }
};

HEADROOM_TEST(OutlivingRules)
#include "tst_outlives.moc"
