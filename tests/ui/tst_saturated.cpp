// SPDX-License-Identifier: GPL-3.0-or-later
// The window beside a real run that takes every core. Measured in CPU time of the GUI thread: how busy the machine is,
// with our run or with others, does not change the figure.
#include <QMenu>
#include <QToolButton>

#include <ctime>

#include "base/store/run_state.h"
#include "support/registry.h"
#include "ui/panels/train/train_panel.h"
#include "ui/shell/overlays.h"
#include "ui/widgets/chart.h"
#include "ui_support/real_runs.h"
#include "ui_support/watchdog.h"

using namespace headroom;

namespace {

constexpr double kMostMs = 50;
constexpr int kWatchMs = 10'000;
constexpr int kStepMs = 120;  ///< longer than a chart gathers before it paints

struct Step {
    QString name;
    std::function<void()> work;
};

double cpuSecondsOf(pid_t process) {
    clockid_t clock{};
    timespec now{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &now) != 0) return 0;
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

}  // namespace

class SaturatedRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::RealRuns> m_runs;

    ui::MainWindow& window() { return m_runs->window(); }

    std::vector<Step> steps() {
        std::vector<Step> all;
        for (const char* page : {"data", "model", "memory", "export", "predict", "system", "train"})
            all.push_back({QStringLiteral("page %1").arg(QLatin1String(page)), [this, page] { window().actions()[QStringLiteral("page_%1").arg(QLatin1String(page))]->trigger(); }});
        for (QMenu* menu : window().findChildren<QMenu*>()) {
            if (menu->actions().isEmpty()) continue;
            const QString name = menu->title().isEmpty() ? QStringLiteral("main") : menu->title();
            all.push_back({QStringLiteral("open menu %1").arg(name), [menu, this] { menu->popup(window().mapToGlobal(QPoint(40, 40))); }});
            all.push_back({QStringLiteral("close menu %1").arg(name), [menu] { menu->hide(); }});
        }
        ui::ChartGroup& charts = m_runs->studio().charts();
        for (ui::Chart* chart : static_cast<ui::TrainPanel*>(window().panel("train"))->charts())
            for (const char* to : {"logarithmic", "linear"})
                all.push_back({chart->spec().title + QLatin1Char(' ') + QLatin1String(to), [chart] { chart->setLogarithmic(!chart->logarithmic()); }});
        for (const double smoothing : {0.9, 0.0, 0.6})
            all.push_back({QStringLiteral("smoothing %1").arg(smoothing), [&charts, smoothing] { charts.setSmoothing(smoothing); }});
        for (const char* action : {"log", "log", "hardware", "hardware", "palette"})
            all.push_back({QLatin1String(action), [this, action] { window().actions()[QLatin1String(action)]->trigger(); }});
        all.push_back({QStringLiteral("close palette"), [this] { window().palette()->hide(); }});
        return all;
    }

    /// As an event, so that it is measured like a click.
    test::WatchedApplication::Worst measured(const Step& step) {
        auto* watched = test::WatchedApplication::instance();
        watched->startWatching();
        QMetaObject::invokeMethod(&window(), step.work, Qt::QueuedConnection);
        QTest::qWait(kStepMs);
        return watched->stopWatching();
    }

private Q_SLOTS:
    void init() { m_runs = std::make_unique<test::RealRuns>(); }
    void cleanup() { m_runs.reset(); }

    void noHandlerTakesLongWhileARunTakesEveryCore() {
        REQUIRE_TRAINING();
        window().resize(1560, 940);
        QVERIFY(m_runs->openSample());
        const QString run = m_runs->start("saturating", {{"train.epochs", "2000"}, {"train.batch_size", "256"}});
        QTRY_COMPARE_WITH_TIMEOUT(m_runs->state(run), std::optional(store::RunState::Running), 30000);
        const auto worker = store::holder(m_runs->project().run(run.toStdString()));
        QVERIFY(worker);
        const double before = cpuSecondsOf(worker->pid);
        double worst = 0;
        QString where;
        int measuredSteps = 0;
        QElapsedTimer clock;
        for (clock.start(); clock.elapsed() < kWatchMs;)
            for (const Step& step : steps()) {
                const auto handler = measured(step);
                ++measuredSteps;
                if (handler.milliseconds <= worst) continue;
                worst = handler.milliseconds;
                where = QStringLiteral("%1 ms of CPU time at '%2' (%3)").arg(worst, 0, 'f', 1).arg(step.name, handler.handler);
            }
        const double seconds = double(clock.elapsed()) / 1000, cores = (cpuSecondsOf(worker->pid) - before) / seconds;
        qInfo("%d steps in %.1f s; the run took %.2f of %d cores", measuredSteps, seconds, cores, QThread::idealThreadCount());
        qInfo("worst handler: %s", qPrintable(where));
        QVERIFY2(worst < kMostMs, qPrintable(where));
        QVERIFY(store::isLive(*m_runs->state(run)));
        QVERIFY(cores > 0.2);  // it ran all the time, whatever else the machine does
        window().actions()["stop"]->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(m_runs->state(run), std::optional(store::RunState::Finished), 20000);
    }
};

HEADROOM_TEST(SaturatedRules)
#include "tst_saturated.moc"
