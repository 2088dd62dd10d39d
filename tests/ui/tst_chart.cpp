// SPDX-License-Identifier: GPL-3.0-or-later
#include <QClipboard>
#include <QMimeData>

#include <cmath>

#include "support/registry.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/plot.h"
#include "ui_support/quiet.h"
#include "ui_support/watchdog.h"

using namespace headroom;

namespace {

ui::CurvePtr curve(const QString& run, int points, const std::string& series = "train_loss") {
    auto data = std::make_shared<ui::CurveData>();
    data->run = run;
    data->series.name = series;
    data->sessions = {{0, 1, 1, 0}};
    for (int i = 0; i < points; ++i)
        data->curve.points.push_back({{i, i / 10.0, i * 64, double(i)}, 2 * std::exp(-i / 200.0) + 0.1 * std::sin(i)});
    return data;
}

}  // namespace

class ChartRules : public QObject {
    Q_OBJECT

    ui::ChartGroup m_group;
    std::unique_ptr<test::Quiet> m_quiet;
    ui::Chart* make() {
        auto* chart = new ui::Chart({.title = "Loss", .series = "train_loss"}, m_group);
        chart->resize(500, 300);
        chart->show();
        return chart;
    }

private Q_SLOTS:
    void init() {
        m_quiet = std::make_unique<test::Quiet>();
        m_group.setRuns({{"a", "first", 0, true}, {"b", "second", 1, false}});
        m_group.setAxis(ui::XAxis::Step);
        m_group.setRange(std::nullopt);
    }

    void cleanup() { m_quiet.reset(); }

    void theReadoutIsTheLastValueAndFollowsTheCrosshair() {
        const std::unique_ptr<ui::Chart> chart(make());
        chart->setCurve(curve("a", 100));
        QTRY_VERIFY(!chart->readout().isEmpty());
        const QString last = chart->readout();
        m_group.setCursor(0);
        QVERIFY(chart->readout() != last);
        QCOMPARE(chart->readout(), QStringLiteral("2.000"));
        m_group.setCursor(std::nullopt);
        QCOMPARE(chart->readout(), last);
    }

    void arrowsMoveTheCursorAndSayWhereItIs() {
        const std::unique_ptr<ui::Chart> chart(make());
        chart->setCurve(curve("a", 100));
        QTRY_VERIFY(!chart->readout().isEmpty());
        QTest::keyClick(chart.get(), Qt::Key_Left);
        QTest::keyClick(chart.get(), Qt::Key_Left);
        QCOMPARE(m_group.cursor(), std::optional<double>(97));
        QVERIFY(chart->accessibleDescription().contains("97"));
        m_group.setCursor(std::nullopt);
    }

    void lettersChangeScaleAxisAndSmoothing() {
        const std::unique_ptr<ui::Chart> chart(make());
        const double smoothing = m_group.smoothing();
        QTest::keyClick(chart.get(), Qt::Key_L);
        QVERIFY(chart->logarithmic());
        QTest::keyClick(chart.get(), Qt::Key_BracketRight);
        QVERIFY(m_group.smoothing() > smoothing);
        QTest::keyClick(chart.get(), Qt::Key_X);
        QCOMPARE(m_group.axis(), ui::XAxis::Epoch);
    }

    void pictureAndValuesGoToTheClipboard() {
        const std::unique_ptr<ui::Chart> chart(make());
        chart->setCurve(curve("a", 10));
        chart->setCurve(curve("b", 10));
        QTRY_VERIFY(!chart->readout().isEmpty());
        const QString text = chart->tabSeparated();
        QCOMPARE(text.count('\n'), 21);
        chart->copyToClipboard();
        QVERIFY(QApplication::clipboard()->mimeData()->hasImage());
        QCOMPARE(QApplication::clipboard()->mimeData()->text(), text);
    }

    void itIsSavedInEveryFormat_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("start");
        QTest::newRow("png") << "c.png" << QByteArray("\x89PNG");
        QTest::newRow("svg") << "c.svg" << QByteArray("<?xml");
        QTest::newRow("pdf") << "c.pdf" << QByteArray("%PDF");
        QTest::newRow("csv") << "c.csv" << QByteArray("run,");
    }
    void itIsSavedInEveryFormat() {
        QFETCH(QString, name);
        QFETCH(QByteArray, start);
        QTemporaryDir folder;
        const std::unique_ptr<ui::Chart> chart(make());
        chart->setCurve(curve("a", 50));
        QTRY_VERIFY(!chart->readout().isEmpty());
        QVERIFY(chart->save(folder.filePath(name)));
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.read(8).startsWith(start));
    }

    void fastDataArePaintedAtMostTenTimesASecond() {
        const std::unique_ptr<ui::Chart> chart(make());
        int paints = 0;
        struct Counter : QObject {
            int& count;
            explicit Counter(int& c) : count(c) {}
            bool eventFilter(QObject*, QEvent* event) override { return count += event->type() == QEvent::Paint, false; }
        } counter(paints);
        for (QWidget* child : chart->findChildren<QWidget*>()) {
            if (QByteArray(child->metaObject()->className()) == "QCustomPlot") child->installEventFilter(&counter);
        }
        QElapsedTimer clock;
        clock.start();
        for (int i = 10; clock.elapsed() < 1000; ++i) {
            chart->setCurve(curve("a", i % 500 + 10));
            QTest::qWait(5);
        }
        QVERIFY2(paints > 1 && paints <= 12, qPrintable(QString::number(paints)));
    }

    void whatMemoryDidIsOnEveryChart_data() {
        QTest::addColumn<bool>("all");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("of all events") << true << QStringList{"micro-batch 64 to 32", "learning rate halved"};
        QTest::newRow("of few events") << false << QStringList{"micro-batch 64 to 32"};
    }
    void whatMemoryDidIsOnEveryChart() {
        QFETCH(bool, all);
        QFETCH(QStringList, words);
        ui::Chart chart({.title = "Loss", .series = "train_loss", .events = all}, m_group);
        chart.resize(500, 300);
        chart.show();
        chart.setCurve(curve("a", 100));
        chart.setEvents({{1, 0, 20, "memory", "micro-batch 64 to 32", "{}"}, {2, 0, 30, "lr", "learning rate halved", "{}"}, {3, 0, 40, "checkpoint", "written", "{}"}});
        QTRY_COMPARE(chart.eventWords(), words);
    }

    void wordsOfTheAxesDoNotRunIntoEachOther_data() {
        QTest::addColumn<QSize>("size");
        QTest::newRow("small") << QSize(160, 120);
        QTest::newRow("usual") << QSize(330, 230);
        QTest::newRow("large") << QSize(1200, 700);
    }
    void wordsOfTheAxesDoNotRunIntoEachOther() {
        QFETCH(QSize, size);
        for (const int points : {30, 700, 5000, 90000}) {
            ui::Chart chart({.title = "Loss", .series = "train_loss"}, m_group);
            chart.resize(size);
            chart.show();
            chart.setCurve(curve("a", points));
            QTRY_VERIFY(!chart.readout().isEmpty());
            const QCPAxis* axis = chart.findChild<QCustomPlot*>()->xAxis;
            const auto apart = [&] {
                const QFontMetrics metrics(axis->tickLabelFont());
                const QVector<QString> words = axis->tickVectorLabels();
                const QVector<double> ticks = axis->tickVector();
                for (qsizetype i = 1; i < words.size(); ++i) {
                    if (!axis->range().contains(ticks[i - 1]) || !axis->range().contains(ticks[i])) continue;
                    const double between = axis->coordToPixel(ticks[i]) - axis->coordToPixel(ticks[i - 1]);
                    if (between < (metrics.horizontalAdvance(words[i - 1]) + metrics.horizontalAdvance(words[i])) / 2.0 + 4) return false;
                }
                return words.size() > 1;
            };
            QTRY_VERIFY(apart());
        }
    }

    void aSingleValueIsADot() {
        const std::unique_ptr<ui::Chart> chart(make());
        const auto dots = [&] {
            int count = 0;
            for (int i = 0; i < chart->findChild<QCustomPlot*>()->graphCount(); ++i) {
                const QCPGraph* graph = chart->findChild<QCustomPlot*>()->graph(i);
                count += graph->dataCount() > 0 && graph->scatterStyle().shape() == QCPScatterStyle::ssDisc;
            }
            return count;
        };
        chart->setCurve(curve("a", 1));
        QTRY_COMPARE(dots(), 1);
        chart->setCurve(curve("a", 2));
        QTRY_COMPARE(dots(), 0);
    }

    void whatIsSaidOfAnEventStaysWithinTheChart() {
        for (const QSize size : {QSize(180, 140), QSize(340, 240)}) {
            ui::Chart chart({.title = "Loss", .series = "train_loss"}, m_group);
            chart.resize(size);
            chart.show();
            chart.setCurve(curve("a", 100));
            chart.setEvents({{1, 0, 5, "memory", "Going on from step 2530 after the process had stopped", "{}"}, {2, 0, 95, "memory", "The steps 2531 to 2595 are repeated", "{}"}});
            QTRY_COMPARE(chart.eventWords().size(), 2);
            auto* plot = chart.findChild<QCustomPlot*>();
            QTest::qWait(50);
            int seen = 0;
            for (int i = 0; i < plot->itemCount(); ++i) {
                const auto* text = qobject_cast<QCPItemText*>(plot->item(i));
                if (!text || !(text->positionAlignment() & Qt::AlignTop) || text->text().isEmpty()) continue;
                ++seen;
                const double wide = QFontMetrics(text->font()).horizontalAdvance(text->text()), x = text->position->pixelPosition().x();
                const bool toTheRight = text->positionAlignment() & Qt::AlignLeft;
                QVERIFY(toTheRight ? x + wide <= plot->axisRect()->right() : x - wide >= plot->axisRect()->left());
            }
            QVERIFY(seen >= 1);
        }
    }

    void fiftyRunsOfManyPointsAreDrawnWithinTheBudget() {
        const std::unique_ptr<ui::Chart> chart(make());
        QVector<ui::ShownRun> runs;
        for (int i = 0; i < 50; ++i) runs << ui::ShownRun{QString::number(i), "r", i, i == 0};
        m_group.setRuns(runs);
        for (int i = 0; i < 50; ++i) chart->setCurve(curve(QString::number(i), 1200));
        QTest::qWait(300);
        auto* watched = test::WatchedApplication::instance();
        watched->startWatching();
        m_group.setSmoothing(0.9);
        QTest::qWait(400);
        const auto worst = watched->stopWatching();
        qInfo("50 runs of 1,200 points: worst handler %.1f ms (%s)", worst.milliseconds, qPrintable(worst.handler));
        QVERIFY(worst.milliseconds < 150);  // the picture is drawn in one event; CPU time on a slow core
    }
};

HEADROOM_TEST(ChartRules)
#include "tst_chart.moc"
