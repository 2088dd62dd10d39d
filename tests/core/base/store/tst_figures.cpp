// SPDX-License-Identifier: Apache-2.0
// The figures that the store promises. Times are of this thread's CPU, so that a busy machine does not fail them.
#include <sys/resource.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/run_reader.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::at;

namespace {

const OpenOptions kByHand{.commitIntervalMs = 0};

/// Milliseconds of CPU time of this thread, best of three.
template <class Work>
double cost(Work&& work) {
    const auto now = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
    };
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
        const double start = now();
        work();
        best = std::min(best, now() - start);
    }
    return best;
}

}  // namespace

class FiguresTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aMillionPointsAreReadForDrawingInUnder50Ms() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        const auto loss = writer.define("train_loss", "1");
        for (int i = 1; i <= 1'000'000; ++i) writer.append(loss, at(i), std::sin(i * 1e-3));
        writer.commit();
        const RunReader reader(folder);
        const double whole = cost([&] { QVERIFY(reader.read(loss, {}, 2000).buckets.size() > 500); });
        const double zoomed = cost([&] { reader.read(loss, {Axis::Epoch, 4000, 4500}, 2000); });
        const double close = cost([&] { QVERIFY(reader.read(loss, {Axis::Step, 500'000, 501'000}, 2000).exact); });
        const double every = cost([&] { QCOMPARE(std::ssize(reader.readAll(loss).points), 1'000'000); });
        qInfo(
            "1,000,000 points for 2,000 places: %.2f ms whole, %.2f ms a twentieth, %.2f ms 1,000 points; all points "
            "%.1f ms",
            whole, zoomed, close, every);
        qInfo("bytes a point, with pyramid: %.1f",
              double(std::filesystem::file_size(folder.database().string() + "-wal")) / 1e6);
        QVERIFY(whole < 50 && zoomed < 50 && close < 50);
    }

    void aThousandRunsOfTwentySeriesListInUnder100Ms() {
        const test::Stage stage;
        const auto model = stage.makeRun();
        {
            RunWriter writer(model, kByHand);
            for (int series = 0; series < 20; ++series) {
                const auto id = writer.define(series == 0 ? "train_loss" : "s" + std::to_string(series), "1");
                for (int i = 1; i <= 100; ++i) writer.append(id, at(i), i);
            }
            writer.finish(EndState::Finished, "completed", {{"val_accuracy", 0.9}});
        }
        for (int i = 1; i < 1000; ++i)
            std::filesystem::copy(model.path(),
                                  stage.project.runs() / QString("2026%1").arg(i, 4, 10, QChar('0')).toStdString(),
                                  std::filesystem::copy_options::recursive);
        const double rebuilt = cost([&] { QCOMPARE(Catalogue(stage.project).rebuild(), std::size_t{1000}); });
        const double listed =
            cost([&] { QCOMPARE(Catalogue(stage.project).list(stage.home).size(), std::size_t{1000}); });
        Catalogue open(stage.project);
        const double again = cost([&] { open.list(stage.home); });
        qInfo(
            "1,000 runs of 20 series: opened and listed in %.1f ms, listed again in %.1f ms, rebuilt from folders in "
            "%.0f ms",
            listed, again, rebuilt);
        QVERIFY(listed < 100);
    }

    void tenSeriesAStepCostMicroseconds() {
        const test::Stage stage;
        RunWriter writer(stage.makeRun(), kByHand);
        std::vector<SeriesId> ids;
        for (int i = 0; i < 10; ++i) ids.push_back(writer.define("s" + std::to_string(i), "1"));
        std::int64_t step = 0;
        const double appended = cost([&] {
            for (int i = 0; i < 1000; ++i, ++step)
                for (const auto id : ids) writer.append(id, at(step), 1.5);
        });
        const double committed = cost([&] {
            for (const auto id : ids) writer.append(id, at(step), 1.5);
            writer.commit();
        });
        qInfo("a step of 10 series: %.2f us; a commit: %.2f ms", appended, committed);
        QVERIFY(appended < 20);  // ms for 1,000 steps, so microseconds a step
    }

    void nothingNewCostsAFractionOfAMillisecond() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        writer.append(writer.define("train_loss", "1"), at(1), 1);
        writer.commit();
        const RunReader reader(folder);
        Cursor cursor = reader.here();
        const double looked = cost([&] {
            for (int i = 0; i < 100; ++i) reader.newSince(cursor);
        });
        qInfo("a look at a run without news: %.3f ms", looked / 100);
        QVERIFY(looked / 100 < 2);
    }
};

HEADROOM_TEST(FiguresTest)
#include "tst_figures.moc"
