// SPDX-License-Identifier: GPL-3.0-or-later
// Runs that somebody else writes, as the open window sees them: through the store alone.
#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/run_link.h"
#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "support/registry.h"
#include "ui/panels/train/train_panel.h"
#include "ui/widgets/chart.h"
#include "ui_support/child_process.h"
#include "ui_support/studio_fixture.h"
#include "ui_support/watchdog.h"

using namespace headroom;

class LiveRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::StudioFixture> m_fixture;

    ui::Studio& studio() { return m_fixture->studio(); }
    ui::Chart* lossChart() { return static_cast<ui::TrainPanel*>(m_fixture->window().panel("train"))->charts().first(); }
    std::optional<store::RunState> state(const store::RunId& run) {
        const auto* found = studio().runs().find(QString::fromStdString(run));
        return found ? std::optional(found->state) : std::nullopt;
    }
    std::int64_t pointsDrawn() { return lossChart()->tabSeparated().count(QStringLiteral("\ttrain_loss\t")) - 1; }  // but the head

private Q_SLOTS:
    void init() {
        m_fixture = std::make_unique<test::StudioFixture>();
        QTRY_VERIFY(!studio().projectName().isEmpty());
    }
    void cleanup() { m_fixture.reset(); }

    void aRunThatAnotherProgramStartsAppearsWithItsCurve() {
        const store::Project project = m_fixture->project();
        const store::RunId id = m_fixture->makeRun("elsewhere");
        QTRY_COMPARE_WITH_TIMEOUT(studio().runs().rowCount(), 1, 5000);
        store::RunWriter writer(project.run(id));
        store::RunLink link(project, writer);
        test::writeCurves(writer, 0, 300);
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Running), 5000);
        studio().selection().setCurrent(QString::fromStdString(id));
        QTRY_COMPARE_WITH_TIMEOUT(pointsDrawn(), 300, 5000);
        test::writeCurves(writer, 300, 500);
        QTRY_COMPARE_WITH_TIMEOUT(pointsDrawn(), 500, 5000);
        writer.finish(store::EndState::Finished, "completed", {{"val_accuracy", 0.9}});
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Finished), 5000);
    }

    void aWindowThatComesBackShowsEveryPoint() {
        const store::Project project = m_fixture->project();
        const store::RunId id = m_fixture->makeRun("long");
        store::RunWriter writer(project.run(id));
        store::RunLink link(project, writer);
        test::writeCurves(writer, 0, 200);
        QTRY_COMPARE_WITH_TIMEOUT(pointsDrawn(), 200, 5000);
        m_fixture->window().saveSession();
        m_fixture->reopen();
        test::writeCurves(writer, 200, 400);
        QTRY_COMPARE_WITH_TIMEOUT(pointsDrawn(), 400, 6000);
        const QStringList lines = lossChart()->tabSeparated().split('\n');
        for (int step = 0; step < 400; ++step) QCOMPARE(lines[step + 1].section('\t', 2, 2).toInt(), step);
        writer.finish(store::EndState::Finished, "completed", nlohmann::json::object());
    }

    void aKilledWorkerIsShownAsLostWithinTwoSeconds() {
        const store::Project project = m_fixture->project();
        const store::RunId id = m_fixture->makeRun("killed");
        // A process of its own that holds the run's lock and commits, as a worker does.
        const store::RunFolder folder = project.run(id);
        test::ChildProcess worker(QStringLiteral("store_writer"), {QString::fromStdString(folder.path().string())});
        QTRY_VERIFY_WITH_TIMEOUT(store::runState(store::Home(m_fixture->home()), folder) == store::RunState::Running, 8000);
        store::Catalogue(project).refresh(id);  // a worker's link does it
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Running), 8000);
        worker.kill();
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Lost), 2000);
    }

    void aStoppedRunThatWaitsHasEndedAndIsNotLost() {
        const store::RunId id = m_fixture->makeRun("waiting");
        store::Queue(store::Home(m_fixture->home())).enqueue(m_fixture->project().run(id), "cpu");
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Queued), 5000);
        studio().selection().setCurrent(QString::fromStdString(id));
        m_fixture->window().actions()["stop"]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(state(id) != store::RunState::Queued, 5000);
        QTRY_COMPARE_WITH_TIMEOUT(state(id), std::optional(store::RunState::Finished), 1000);
        QCOMPARE(studio().runs().find(QString::fromStdString(id))->end->reason, std::string("stopped"));
    }

    void renameAndTrashAreTakenBackByUndo() {
        const store::RunId id = m_fixture->makeRun("first name");
        const QString run = QString::fromStdString(id);
        QTRY_VERIFY_WITH_TIMEOUT(studio().runs().find(run), 5000);
        studio().selection().setCurrent(run);
        QVERIFY(studio().runs().setData(studio().runs().indexOf(run), "second name", Qt::EditRole));
        QTRY_COMPARE_WITH_TIMEOUT(studio().runs().find(run)->name, std::string("second name"), 5000);
        studio().undo().undo();
        QTRY_COMPARE_WITH_TIMEOUT(studio().runs().find(run)->name, std::string("first name"), 5000);
        QTRY_VERIFY_WITH_TIMEOUT(!store::isLive(studio().runs().find(run)->state), 12000);
        studio().trash();
        QTRY_VERIFY_WITH_TIMEOUT(studio().runs().find(run)->trashed, 5000);
        studio().undo().undo();
        QTRY_VERIFY_WITH_TIMEOUT(!studio().runs().find(run)->trashed, 5000);
    }

    void noHandlerTakesLongWhileARunWrites() {
        const store::Project project = m_fixture->project();
        const store::RunId id = m_fixture->makeRun("busy");
        store::RunWriter writer(project.run(id));
        store::RunLink link(project, writer);
        test::writeCurves(writer, 0, 500);
        QTRY_COMPARE_WITH_TIMEOUT(pointsDrawn(), 500, 6000);
        QTest::qWait(500);
        auto* watched = test::WatchedApplication::instance();
        watched->startWatching();
        for (int i = 0; i < 20; ++i) {
            test::writeCurves(writer, 500 + i * 100, 600 + i * 100);
            QTest::qWait(100);
        }
        const auto worst = watched->stopWatching();
        qInfo("worst handler %.1f ms of CPU time (%s)", worst.milliseconds, qPrintable(worst.handler));
        QVERIFY2(worst.milliseconds < 50, qPrintable(worst.handler));
        writer.finish(store::EndState::Finished, "completed", nlohmann::json::object());
    }

    void aMillionPointsAreDrawnAsQuicklyAsAThousand() {
        const store::Project project = m_fixture->project();
        const store::RunId id = m_fixture->makeRun("long");
        {
            store::RunWriter writer(project.run(id));
            const auto loss = writer.define("train_loss", "1");
            for (std::int64_t step = 0; step < 1'000'000; ++step) writer.append(loss, {step, 0, step, 1e9 + double(step)}, 1.0 / double(step + 1));
            writer.finish(store::EndState::Finished, "completed", nlohmann::json::object());
        }
        store::Catalogue(project).refresh(id);
        auto* watched = test::WatchedApplication::instance();
        watched->startWatching();
        studio().selection().setCurrent(QString::fromStdString(id));
        QTRY_VERIFY_WITH_TIMEOUT(pointsDrawn() > 500, 8000);
        QTest::qWait(400);
        const auto worst = watched->stopWatching();
        qInfo("worst handler %.1f ms of CPU time (%s)", worst.milliseconds, qPrintable(worst.handler));
        QVERIFY2(worst.milliseconds < 50, qPrintable(worst.handler));
        QVERIFY(pointsDrawn() <= 3000);
    }
};

HEADROOM_TEST(LiveRules)
#include "tst_live.moc"
