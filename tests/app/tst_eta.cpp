// SPDX-License-Identifier: Apache-2.0
#include "cli/eta.h"
#include "support/registry.h"

using headroom::cli::Eta;

class TimeLeft : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingIsSaidDuringTheWarmUp();
    void aSteadySpeedGivesANarrowRange();
    void anUnsteadySpeedGivesAWideRange();
    void afterGoingBackItStartsAgain();
    void withoutAnEndThereIsNoTime();
    void theTextHasTheFittingUnit();
};

void TimeLeft::nothingIsSaidDuringTheWarmUp() {
    Eta eta;
    for (int i = 0; i < 3; ++i) eta.add(i * 0.5, i * 10);
    QVERIFY(!eta.left(1000));
}

void TimeLeft::aSteadySpeedGivesANarrowRange() {
    Eta eta;
    for (int i = 0; i <= 20; ++i) eta.add(i, i * 10);
    const auto left = eta.left(1200);
    QVERIFY(left);
    QCOMPARE(left->low, 100.0);
    QCOMPARE(left->high, 100.0);
}

void TimeLeft::anUnsteadySpeedGivesAWideRange() {
    Eta eta;
    for (int i = 0; i <= 10; ++i) eta.add(i, i * 10);
    for (int i = 1; i <= 10; ++i) eta.add(10 + i, 100 + i * 5);
    const auto left = eta.left(1150);
    QVERIFY(left);
    QCOMPARE(left->low, 100.0);
    QCOMPARE(left->high, 200.0);
}

void TimeLeft::afterGoingBackItStartsAgain() {
    Eta eta;
    for (int i = 0; i <= 20; ++i) eta.add(i, i * 10);
    eta.add(21, 100);
    QVERIFY(!eta.left(1200));
}

void TimeLeft::withoutAnEndThereIsNoTime() {
    Eta eta;
    for (int i = 0; i <= 20; ++i) eta.add(i, i * 10);
    QVERIFY(!eta.left(0));
}

void TimeLeft::theTextHasTheFittingUnit() {
    QCOMPARE(headroom::cli::text({12.4, 14.1}), std::string("about 12 to 15 s left"));
    QCOMPARE(headroom::cli::text({730, 800}), std::string("about 12 to 14 min left"));
    QCOMPARE(headroom::cli::text({9000, 12000}), std::string("about 2 to 4 h left"));
    QCOMPARE(headroom::cli::text({60, 60}), std::string("about 60 s left"));
}

HEADROOM_TEST(TimeLeft)
#include "tst_eta.moc"
