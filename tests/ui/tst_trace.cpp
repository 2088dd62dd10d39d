// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>

#include "support/registry.h"
#include "ui/bridge/trace.h"

using namespace headroom;
using ui::Smoother;
using ui::XAxis;

namespace {

ui::CurveData curveOf(std::initializer_list<double> values) {
    ui::CurveData data;
    data.sessions = {{100, 110, 1, 0}};
    std::int64_t step = 0;
    for (const double value : values) {
        data.curve.points.push_back({{step, static_cast<double>(step) / 2, step * 64, 100 + static_cast<double>(step)}, value});
        ++step;
    }
    return data;
}

}  // namespace

class TraceRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aConstantStaysExactlyConstant() {
        Smoother smoother(0.97);
        for (int i = 0; i < 1000; ++i) QCOMPARE(smoother.add(0.1), 0.1);
    }

    void theFirstPointsAreNotPulledToZero() {
        Smoother smoother(0.99);
        QCOMPARE(smoother.add(5), 5.0);
        const double second = smoother.add(7);
        QVERIFY(second > 5.9 && second < 6.1);  // (0.99 * 5 + 7) / 1.99
    }

    void theAverageEqualsItsDefinition() {
        const double a = 0.8;
        Smoother smoother(a);
        double sum = 0, weight = 0, last = 0;
        for (int i = 1; i <= 50; ++i) {
            sum = a * sum + (1 - a) * i;
            weight = a * weight + (1 - a);
            last = smoother.add(i);
        }
        QVERIFY(std::fabs(last - sum / weight) < 1e-12);
    }

    void aPointThatStandsForManyCountsAsMany() {
        Smoother one(0.9), many(0.9);
        one.add(1);
        many.add(1);
        double last = 0;
        for (int i = 0; i < 20; ++i) last = one.add(3);
        QVERIFY(std::fabs(many.add(3, 20) - last) < 1e-12);
    }

    void noSmoothingLeavesTheValues() {
        Smoother smoother(0);
        for (const double value : {1.0, -2.5, 7.0}) QCOMPARE(smoother.add(value), value);
    }

    void valuesThatAreNotNumbersBecomeMarks() {
        const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
        const ui::Trace trace = ui::traceOf(curveOf({1, nan, 2, inf}), XAxis::Step, 0.5);
        QCOMPARE(trace.x, (QVector<double>{0, 2}));
        QCOMPARE(trace.notFinite, (QVector<double>{1, 3}));
    }

    void everyAxisHasItsOwnFigures_data() {
        QTest::addColumn<int>("axis");
        QTest::addColumn<double>("third");
        QTest::newRow("step") << int(XAxis::Step) << 2.0;
        QTest::newRow("epoch") << int(XAxis::Epoch) << 1.0;
        QTest::newRow("samples") << int(XAxis::Samples) << 128.0;
        QTest::newRow("process time") << int(XAxis::ProcessTime) << 2.0;
        QTest::newRow("relative time") << int(XAxis::RelativeTime) << 2.0;
        QTest::newRow("wall time") << int(XAxis::WallTime) << 102.0;
    }
    void everyAxisHasItsOwnFigures() {
        QFETCH(int, axis);
        QFETCH(double, third);
        QCOMPARE(ui::traceOf(curveOf({1, 2, 3}), XAxis(axis), 0).x[2], third);
    }

    void bucketsKeepTheirExtremes() {
        ui::CurveData data;
        data.curve.exact = false;
        data.curve.buckets = {{{0, 0, 0, 0}, {9, 0, 0, 0}, -1, 5, 2, 10, 0}};
        const ui::Trace trace = ui::traceOf(data, XAxis::Step, 0.9);
        QCOMPARE(trace.low, QVector<double>{-1});
        QCOMPARE(trace.high, QVector<double>{5});
        QCOMPARE(trace.value, QVector<double>{2});
        QCOMPARE(trace.x, QVector<double>{4.5});
    }
};

HEADROOM_TEST(TraceRules)
#include "tst_trace.moc"
