// SPDX-License-Identifier: Apache-2.0
#include "base/store/chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

namespace {

bool sameBits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

std::vector<Point> oddPoints() {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();
    std::vector<Point> points;
    for (const double value : {0.0, -0.0, kNan, kInf, -kInf, 1e308, 5e-324, -2.5})
        points.push_back({test::at(static_cast<std::int64_t>(points.size()) * 7), value});
    points.push_back({{1'000'000'000'000, 1e9, 9'000'000'000'000'000'000, 4e9}, 1});
    points.push_back({{1'000'000'000'001, 0.1, -5, 0.000001}, 2});
    return points;
}

}  // namespace

class ChunkTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void pointsComeBackBitForBit() {
        const auto points = oddPoints();
        const auto back = decodePoints(encode(points), std::ssize(points));
        QVERIFY(back.has_value());
        for (std::size_t i = 0; i < points.size(); ++i) {
            QVERIFY(sameBits((*back)[i].value, points[i].value));
            QCOMPARE((*back)[i].at, stored(points[i].at));
        }
    }

    void bucketsComeBackBitForBit() {
        std::vector<Bucket> buckets(3);
        for (std::size_t i = 0; i < 3; ++i)
            for (const Point& point : oddPoints()) add(buckets[i], Point{stored(point.at), point.value + double(i)});
        const auto back = decodeBuckets(encode(buckets), 3);
        QVERIFY(back.has_value());
        for (std::size_t i = 0; i < 3; ++i) {
            QCOMPARE((*back)[i].first, buckets[i].first);
            QCOMPARE((*back)[i].last, buckets[i].last);
            QVERIFY(sameBits((*back)[i].mean, buckets[i].mean) && sameBits((*back)[i].min, buckets[i].min));
            QCOMPARE((*back)[i].nonFinite, buckets[i].nonFinite);
        }
    }

    void anEvenSeriesTakesFewBytesAPoint() {
        std::vector<Point> points;
        std::mt19937_64 random(1);
        for (std::int64_t i = 0; i < kPointsPerChunk; ++i) points.push_back({test::at(i), double(random())});
        // 8 bytes of value; step and samples 1 each, time and epoch 1 or 2: a row a point costs 27 in SQLite.
        QVERIFY2(std::ssize(encode(points)) < 14 * kPointsPerChunk, qPrintable(QString::number(encode(points).size())));
    }

    void bytesThatWeDidNotWriteAreRefusedOrDecodedButNeverReadBeyond() {
        const std::string good = encode(oddPoints());
        const auto count = std::ssize(oddPoints());
        for (std::size_t length = 0; length < good.size(); ++length)
            QVERIFY(!decodePoints(good.substr(0, length), count));
        QVERIFY(!decodePoints(good + "x", count));
        QVERIFY(!decodePoints(good, kPointsPerChunk + 1));
        QVERIFY(!decodePoints(good, -1));
        std::mt19937 random(2);
        for (int i = 0; i < 2000; ++i) {
            std::string bad = good;
            for (int k = 0; k < 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
            decodePoints(bad, count);
            decodeBuckets(bad, 2);
        }
    }

    void theChecksumSeesAFlippedBitAndAnotherPlace() {
        std::string bytes = encode(oddPoints());
        const auto sum = checksum({1, 0, 0}, bytes);
        QVERIFY(sum != checksum({1, 0, 1}, bytes));
        QVERIFY(sum != checksum({2, 0, 0}, bytes));
        bytes[bytes.size() / 2] ^= 0x10;
        QVERIFY(sum != checksum({1, 0, 0}, bytes));
    }

    void keysSortBySeriesLevelAndPosition() {
        const ChunkKey key{7, 3, 123456};
        QCOMPARE(ChunkKey::unpack(key.packed()), key);
        QVERIFY(ChunkKey({1, 6, 0xFFFFFFFF}).packed() < ChunkKey({2, 0, 0}).packed());
    }
};

HEADROOM_TEST(ChunkTest)
#include "tst_chunk.moc"
