// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <vector>

#include "base/units/iso_time.h"
#include "base/units/percentile.h"
#include "support/registry.h"

using namespace headroom;

class UnitsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aPercentileIsTheValueThatSoManyDoNotExceed() {
        std::vector<double> times(10);
        std::iota(times.begin(), times.end(), 1.0);
        QCOMPARE(percentile(times, 50), 5.0);
        QCOMPARE(percentile(times, 90), 9.0);
        QCOMPARE(percentile(times, 99), 10.0);  // of ten values nothing but the largest
        times.resize(300);
        std::iota(times.begin(), times.end(), 1.0);
        QCOMPARE(percentile(times, 99), 297.0);
        QCOMPARE(percentile(times, 100), 300.0);
        QCOMPARE(percentile(std::vector<double>{7.0}, 1), 7.0);
    }
    void timesAreUniversalToTheMillisecond() {
        QCOMPARE(isoTime(0), std::string("1970-01-01T00:00:00.000Z"));
        QCOMPARE(isoTime(1795234353.125), std::string("2026-11-21T04:12:33.125Z"));
        QCOMPARE(isoTimeNow().size(), isoTime(0).size());
    }
};

HEADROOM_TEST(UnitsTest)
#include "tst_units.moc"
