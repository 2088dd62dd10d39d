// SPDX-License-Identifier: Apache-2.0
#include "base/store/pyramid.h"

#include <cmath>
#include <limits>
#include <random>

#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

namespace {

std::vector<Point> series(std::int64_t count) {
    std::mt19937_64 random(3);
    std::normal_distribution<double> noise;
    std::vector<Point> points;
    for (std::int64_t i = 0; i < count; ++i) {
        const double value = i % 977 == 5 ? std::numeric_limits<double>::quiet_NaN() : noise(random);
        points.push_back({stored(test::at(i)), value});
    }
    return points;
}

/// What a level's bucket must be, by the definition.
Bucket bruteForce(const std::vector<Point>& points, int level, std::int64_t index) {
    const std::int64_t width = pointsPerEntry(level);
    const auto begin = static_cast<std::size_t>(index * width);
    const auto end = std::min(points.size(), begin + static_cast<std::size_t>(width));
    Bucket all{points[begin].at, points[end - 1].at, INFINITY, -INFINITY, 0, 0, 0};
    for (std::size_t i = begin; i < end; ++i) {
        if (!std::isfinite(points[i].value)) {
            ++all.nonFinite;
            continue;
        }
        ++all.finite;
        all.min = std::min(all.min, points[i].value);
        all.max = std::max(all.max, points[i].value);
        all.mean += points[i].value;
    }
    all.mean /= static_cast<double>(all.finite);
    return all;
}

using Chunks = std::map<ChunkKey, ChunkRow>;

/// Every bucket of every chunk against the definition; returns how many were looked at.
std::int64_t compare(const Chunks& chunks, const std::vector<Point>& points) {
    std::int64_t seen = 0;
    for (const auto& [key, row] : chunks) {
        if (key.level == 0) continue;
        const auto buckets = decodeBuckets(row.bytes, row.count);
        if (!buckets) return -1;
        for (std::size_t i = 0; i < buckets->size(); ++i, ++seen) {
            const Bucket& got = (*buckets)[i];
            const Bucket want =
                bruteForce(points, key.level, key.index * kBucketsPerChunk + static_cast<std::int64_t>(i));
            // The mean is summed in another order: some rounding of values around 1.
            const bool same = got.min == want.min && got.max == want.max && std::abs(got.mean - want.mean) < 1e-12 &&
                              got.finite == want.finite && got.nonFinite == want.nonFinite && got.first == want.first &&
                              got.last == want.last;
            if (!same) return -1;
        }
    }
    return seen;
}

}  // namespace

class PyramidTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyBucketEqualsBruteForce_data() {
        QTest::addColumn<int>("count");
        for (const int count : {1, 16, 1023, 1024, 1025, 2048, 16383, 16384, 16385, 262145, 300001})
            QTest::addRow("%d", count) << count;
    }
    void everyBucketEqualsBruteForce() {
        QFETCH(int, count);
        const auto points = series(count);
        Pyramid pyramid(1);
        for (const Point& point : points) pyramid.append(point);
        const std::int64_t seen = compare(pyramid.changed(), points);
        QVERIFY(seen >= (count > kPointsPerChunk ? count / kFactor : 0));
    }

    void aShortSeriesIsASingleChunk() {
        Pyramid pyramid(1);
        for (const Point& point : series(kPointsPerChunk)) pyramid.append(point);
        QCOMPARE(pyramid.changed().size(), std::size_t{1});
    }

    void goingOnFromTheStoredTailsGivesTheSameChunks() {
        const auto points = series(20000);
        Pyramid whole(1), first(1);
        Chunks disk;
        for (std::size_t i = 0; i < points.size(); ++i) {
            whole.append(points[i]);
            if (i < 17001) first.append(points[i]);
        }
        disk = first.changed();
        Pyramid second(1, 17001, [&](const ChunkKey& key) { return load(disk, key); });
        for (std::size_t i = 17001; i < points.size(); ++i) second.append(points[i]);
        for (auto& [key, row] : second.changed()) disk.insert_or_assign(key, row);
        const auto wanted = whole.changed();
        QCOMPARE(disk.size(), wanted.size());
        for (const auto& [key, row] : wanted) QVERIFY(disk.at(key).bytes == row.bytes);
    }

    void aCutSeriesEqualsOneThatNeverWentFurther_data() {
        QTest::addColumn<int>("count");
        for (const int count : {1, 17, 1024, 1025, 5000, 16384, 16385, 19999}) QTest::addRow("%d", count) << count;
    }
    void aCutSeriesEqualsOneThatNeverWentFurther() {
        QFETCH(int, count);
        const auto points = series(20000);
        Pyramid whole(1);
        for (const Point& point : points) whole.append(point);
        const auto disk = whole.changed();
        Pyramid cut(1, count, [&](const ChunkKey& key) { return load(disk, key); });
        cut.touch();
        const auto kept = std::vector<Point>(points.begin(), points.begin() + count);
        QVERIFY(compare(cut.changed(), kept) >= 0);
        for (int i = count; i < 20000; ++i) cut.append(points[static_cast<std::size_t>(i)]);
        QVERIFY(compare(cut.changed(), points) >= 0);
    }

private:
    static Pyramid::Loaded load(const Chunks& disk, const ChunkKey& key) {
        const ChunkRow& row = disk.at(key);
        return {key.level == 0 ? *decodePoints(row.bytes, row.count) : std::vector<Point>{},
                key.level == 0 ? std::vector<Bucket>{} : *decodeBuckets(row.bytes, row.count)};
    }
};

HEADROOM_TEST(PyramidTest)
#include "tst_pyramid.moc"
