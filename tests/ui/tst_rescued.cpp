// SPDX-License-Identifier: GPL-3.0-or-later
// Runs of the window whose worker dies: the kernel is one of files, the worker is real.
#include <QSignalSpy>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "support/fake_system.h"
#include "support/registry.h"
#include "ui_support/real_runs.h"

using namespace headroom;

class RescuedRules : public QObject {
    Q_OBJECT

    std::unique_ptr<test::FakeSystem> m_system;
    std::unique_ptr<test::RealRuns> m_window;

    store::RunFolder folder(const QString& run) const { return m_window->project().run(run.toStdString()); }

    /// A long run of the window, under way.
    QString running(const QString& name) {
        const QString run = m_window->start(name, {{"train.epochs", "4000"}, {"checkpoint.every_steps", "10"}});
        const bool live = !run.isEmpty() && QTest::qWaitFor([&] { return m_window->state(run) == store::RunState::Running && store::RunReader(folder(run)).fact("micro_batch").is_number(); }, 60000);
        return live ? run : QString();
    }
    void kill(const QString& run) const { process::sendSignal(store::holder(folder(run)).value(), SIGKILL); }

private Q_SLOTS:
    void init() {
        REQUIRE_TRAINING();
        m_system = std::make_unique<test::FakeSystem>();
        qputenv("HEADROOM_SYSTEM_ROOT", QByteArray::fromStdString(m_system->folder()));
        m_window = std::make_unique<test::RealRuns>();
        QVERIFY(m_window->openSample());
    }
    void cleanup() {
        m_window.reset();
        qunsetenv("HEADROOM_SYSTEM_ROOT");
    }

    void aRunThatTheKernelEndedIsBroughtBackAndNeverShownAsLost() {
        const QString run = running("back");
        QVERIFY(!run.isEmpty());
        const auto before = store::RunReader(folder(run)).fact("micro_batch").get<int>();
        const auto worker = store::holder(folder(run)).value();
        QSignalSpy problems(&m_window->studio(), &ui::Studio::problem);
        QVector<store::RunState> shown;
        connect(&m_window->studio().runs(), &ui::RunsModel::stateChanged, this,
                [&](const QString&, store::RunState, store::RunState now) { shown << now; });
        m_system->setOomKills(1);
        kill(run);
        QTRY_VERIFY_WITH_TIMEOUT(m_window->state(run) == store::RunState::Running && store::holder(folder(run)) &&
                                     store::holder(folder(run)) != worker, 60000);
        QVERIFY(!shown.contains(store::RunState::Lost));
        QTRY_COMPARE_WITH_TIMEOUT(store::RunReader(folder(run)).fact("micro_batch").get<int>(), (before + 1) / 2, 10000);
        QCOMPARE(problems.size(), 1);
        const auto problem = problems[0][0].value<ui::Problem>();
        QVERIFY2(problem.text.contains("half the micro-batch"), qPrintable(problem.text));
    }

    void anyOtherDeathIsShown() {
        const QString run = running("lost");
        QVERIFY(!run.isEmpty());
        kill(run);
        QTRY_COMPARE_WITH_TIMEOUT(m_window->state(run), std::optional(store::RunState::Lost), 10000);
        QVERIFY(!store::holder(folder(run)));
    }
};

HEADROOM_TEST(RescuedRules)
#include "tst_rescued.moc"
