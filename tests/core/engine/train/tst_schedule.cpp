// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "base/errors/error.h"
#include "engine/train/judge.h"
#include "engine/train/schedule.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::train;
using Shape = Schedule::Shape;

class ScheduleTest : public QObject {
    Q_OBJECT

    static bool near(double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(1.0, std::abs(b)); }

private Q_SLOTS:
    void ratesAreThoseOfTheFormulas_data() {
        QTest::addColumn<int>("shape");
        QTest::addColumn<double>("warmup");
        QTest::addColumn<double>("finalShare");
        QTest::addColumn<qint64>("step");
        QTest::addColumn<double>("rate");
        const auto row = [](const char* name, Shape shape, double warmup, double finalShare, qint64 step, double rate) {
            QTest::newRow(name) << int(shape) << warmup << finalShare << step << rate;
        };
        // 100 steps, rate 0.1
        row("constant", Shape::Constant, 0, 0, 57, 0.1);
        row("constant warming up", Shape::Constant, 0.2, 0, 9, 0.05);
        row("constant after the warm-up", Shape::Constant, 0.2, 0, 20, 0.1);
        row("cosine begins at the rate", Shape::Cosine, 0, 0, 0, 0.1);
        row("cosine halfway", Shape::Cosine, 0, 0, 50, 0.05);
        row("cosine at a quarter", Shape::Cosine, 0, 0, 25, 0.05 * (1 + std::cos(std::numbers::pi / 4)));
        row("cosine with a floor, halfway", Shape::Cosine, 0, 0.2, 50, 0.06);
        row("cosine's first warm-up step", Shape::Cosine, 0.1, 0, 0, 0.01);
        row("cosine's last warm-up step", Shape::Cosine, 0.1, 0, 9, 0.1);
        row("cosine halfway after the warm-up", Shape::Cosine, 0.1, 0, 55, 0.05);
        row("one cycle begins at a 25th", Shape::OneCycle, 0, 0, 0, 0.004);
        row("one cycle's peak", Shape::OneCycle, 0, 0, 29, 0.1);
        row("one cycle ends at a 250,000th", Shape::OneCycle, 0, 0, 99, 0.1 / 25 / 1e4);
        row("one cycle with another rise", Shape::OneCycle, 0.5, 0, 49, 0.1);
        row("one cycle halfway up", Shape::OneCycle, 0.51, 0, 25, (0.004 + 0.1) / 2);
        row("beyond the end", Shape::Cosine, 0, 0.2, 1000, 0.02 + 0.04 * (1 + std::cos(0.99 * std::numbers::pi)));
    }
    void ratesAreThoseOfTheFormulas() {
        QFETCH(int, shape);
        QFETCH(double, warmup);
        QFETCH(double, finalShare);
        QFETCH(qint64, step);
        QFETCH(double, rate);
        const double found = Schedule(Shape(shape), 0.1, 100, warmup, finalShare).rate(step);
        QVERIFY2(near(found, rate), qPrintable(QString("%1, wanted %2").arg(found, 0, 'g', 17).arg(rate, 0, 'g', 17)));
    }
    void ratesNeverLeaveTheRange() {
        for (const Shape shape : {Shape::Constant, Shape::Cosine, Shape::OneCycle})
            for (const std::int64_t total : {1, 2, 3, 10, 1000})
                for (std::int64_t step = 0; step < total; ++step) {
                    const double rate = Schedule(shape, 0.1, total, 0.3, 0).rate(step);
                    QVERIFY(rate >= 0 && rate <= 0.1 + 1e-15);
                }
    }
    void aNewPeakScalesWhatIsToCome() {
        Schedule schedule(Shape::Cosine, 0.1, 100, 0, 0);
        schedule.setPeak(0.01);
        QVERIFY(near(schedule.rate(50), 0.005));
    }
    void anUnknownScheduleIsRefused() {
        config::RunConfig::Train train;
        train.schedule.name = "zigzag";
        QVERIFY_EXCEPTION_THROWN(Schedule::make(train, 10), Error);
    }

    void theJudgeKeepsTheBestAccuracy() {
        Judge judge(Judge::Figure::Accuracy, {});
        QVERIFY(judge.better({.loss = 1, .accuracy = 0.5}, 10));
        QVERIFY(!judge.better({.loss = 0.1, .accuracy = 0.4}, 20));
        QVERIFY(judge.better({.loss = 2, .accuracy = 0.6}, 30));
        QCOMPARE(judge.best(), 0.6);
        QCOMPARE(judge.bestStep(), 30);
    }
    void theJudgeTakesTheSmallerLoss() {
        Judge judge(Judge::Figure::Loss, {});
        QVERIFY(judge.better({.loss = 2}, 1));
        QVERIFY(judge.better({.loss = 1}, 2));
        QVERIFY(!judge.better({.loss = 1}, 3));
        QVERIFY(!judge.better({.loss = std::nan("")}, 4));
        QCOMPARE(judge.best(), 1.0);
    }
    void trainingStopsAfterAsManyEvaluationsAsThePatienceAllows() {
        Judge judge(Judge::Figure::Accuracy, {.patience = 2, .minDelta = 0.01});
        judge.better({.accuracy = 0.5}, 1);
        judge.better({.accuracy = 0.505}, 2);  // less than what counts
        QVERIFY(!judge.shouldStop());
        judge.better({.accuracy = 0.5}, 3);
        QVERIFY(judge.shouldStop());
    }
    void theJudgesStateComesBack() {
        Judge judge(Judge::Figure::Loss, {.patience = 2, .minDelta = 0});
        judge.better({.loss = 1}, 5);
        judge.better({.loss = 2}, 6);
        Judge again(Judge::Figure::Loss, {.patience = 2, .minDelta = 0});
        again.restore(nlohmann::json::parse(judge.state().dump()));
        QCOMPARE(again.state(), judge.state());
        again.better({.loss = 2}, 7);
        QVERIFY(again.shouldStop());
    }
};

HEADROOM_TEST(ScheduleTest)
#include "tst_schedule.moc"
