// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/step_clock.h"

#include "support/registry.h"

using headroom::telemetry::StepClock;

class StepClocks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void withoutAStepNothingIsKnown() {
        StepClock clock;
        QVERIFY(!clock.median());
        clock.start(5, 1);
        QVERIFY(!clock.median());
    }

    void theMedianStepCounts() {
        StepClock clock;
        clock.start(0, 0);
        double now = 0;
        for (std::int64_t step = 1; step <= 9; ++step) clock.stepped(step, now += step == 1 ? 5.0 : 0.1);
        QVERIFY(qAbs(*clock.median() - 0.1) < 1e-9);  // the first one, which warms up, does not
    }

    void oneStepIsEnough() {
        StepClock clock;
        clock.start(7, 10);
        clock.stepped(8, 10.5);
        QCOMPARE(*clock.median(), 0.5);
    }

    void whatLiesBetweenStepsDoesNotCount() {
        StepClock clock;
        clock.start(0, 0);
        double now = 0;
        for (std::int64_t step = 1; step <= 20; ++step) {
            clock.stepped(step, now += 0.03);
            clock.start(step, now += 3);  // an evaluation after every step
        }
        QVERIFY(qAbs(*clock.median() - 0.03) < 1e-9);
    }

    void stepsThatAreReportedAtOnceShareTheirTime() {
        StepClock clock;
        clock.start(0, 0);
        double now = 0;
        std::int64_t step = 0;
        for (int burst = 0; burst < 10; ++burst) {
            now += 0.16;
            for (int i = 0; i < 16; ++i) clock.stepped(++step, now += 20e-6);
        }
        QVERIFY(qAbs(*clock.median() - 0.01) < 1e-3);
    }

    void shortStepsAreTimedTogether() {
        StepClock clock;
        clock.start(0, 0);
        double now = 0;
        for (std::int64_t step = 1; step <= 1000; ++step) clock.stepped(step, now += step % 10 == 0 ? 0.006 : 0.001);
        QVERIFY(qAbs(*clock.median() - 0.0015) < 2e-4);
    }

    void aLongRunKeepsItsLatestStretches() {
        StepClock clock;
        clock.start(0, 0);
        double now = 0;
        for (std::int64_t step = 1; step <= 5000; ++step) clock.stepped(step, now += step <= 2000 ? 1.0 : 0.5);
        QCOMPARE(*clock.median(), 0.5);
    }
};

HEADROOM_TEST(StepClocks)
#include "tst_step_clock.moc"
