// SPDX-License-Identifier: Apache-2.0
#include "base/store/chunk.h"

#include <xxhash.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace headroom::store {
namespace {

constexpr double kMicrosecond = 1e-6;

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

/// Arithmetic that wraps: a hostile chunk may hold any differences.
std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t microseconds(double seconds) { return std::llround(seconds / kMicrosecond); }

class Writer {
public:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) m_bytes += static_cast<char>(value | 0x80);
        m_bytes += static_cast<char>(value);
    }
    void real(double value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        m_bytes.append(raw, sizeof value);
    }
    std::string take() { return std::move(m_bytes); }

private:
    std::string m_bytes;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : m_bytes(bytes) {}

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = next();
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        m_good = false;
        return 0;
    }
    double real() {
        double value = 0;
        if (m_bytes.size() - m_at < sizeof value) return m_good = false, value;
        std::memcpy(&value, m_bytes.data() + m_at, sizeof value);
        m_at += sizeof value;
        return value;
    }
    bool good() const { return m_good; }
    bool exhausted() const { return m_good && m_at == m_bytes.size(); }

private:
    std::uint8_t next() {
        if (m_at >= m_bytes.size()) return m_good = false, std::uint8_t{0};
        return static_cast<std::uint8_t>(m_bytes[m_at++]);
    }

    std::string_view m_bytes;
    std::size_t m_at = 0;
    bool m_good = true;
};

/// Whole numbers that mostly grow evenly: the difference of differences is mostly 0, one byte.
class Even {
public:
    std::uint64_t code(std::int64_t value) {
        const std::int64_t difference = minus(value, m_last);
        const auto coded = zigzag(minus(difference, m_difference));
        m_difference = difference;
        m_last = value;
        return coded;
    }
    std::int64_t value(std::uint64_t coded) {
        m_difference = plus(m_difference, unzigzag(coded));
        return m_last = plus(m_last, m_difference);
    }

private:
    std::int64_t m_last = 0, m_difference = 0;
};

/// The same for numbers with a fraction: what differs from going on evenly is a few low bits. Exact for every pattern.
class EvenReal {
public:
    std::uint64_t code(double value) {
        const auto coded = std::bit_cast<std::uint64_t>(value) ^ std::bit_cast<std::uint64_t>(expected());
        follow(value);
        return coded;
    }
    double value(std::uint64_t coded) {
        const double value = std::bit_cast<double>(coded ^ std::bit_cast<std::uint64_t>(expected()));
        follow(value);
        return value;
    }

private:
    double expected() const { return m_last + (m_last - m_before); }
    void follow(double value) {
        m_before = m_last;
        m_last = value;
    }
    double m_last = 0, m_before = 0;
};

template <class Entries, class Get>
void writeMoments(Writer& out, const Entries& entries, Get moment) {
    Even steps, samples, times;
    EvenReal epochs;
    for (const auto& entry : entries) out.varint(steps.code(moment(entry).step));
    for (const auto& entry : entries) out.varint(samples.code(moment(entry).samples));
    for (const auto& entry : entries) out.varint(times.code(microseconds(moment(entry).wallTime)));
    for (const auto& entry : entries) out.varint(epochs.code(moment(entry).epoch));
}

template <class Entries, class Get>
void readMoments(Reader& in, Entries& entries, Get moment) {
    Even steps, samples, times;
    EvenReal epochs;
    for (auto& entry : entries) moment(entry).step = steps.value(in.varint());
    for (auto& entry : entries) moment(entry).samples = samples.value(in.varint());
    for (auto& entry : entries) moment(entry).wallTime = static_cast<double>(times.value(in.varint())) * kMicrosecond;
    for (auto& entry : entries) moment(entry).epoch = epochs.value(in.varint());
}

constexpr auto kFirst = [](auto& bucket) -> auto& { return bucket.first; };
constexpr auto kLast = [](auto& bucket) -> auto& { return bucket.last; };
constexpr auto kAt = [](auto& point) -> auto& { return point.at; };

bool plausible(std::int64_t count, std::int64_t most) { return count >= 0 && count <= most; }

}  // namespace

std::string encode(std::span<const Point> points) {
    Writer out;
    writeMoments(out, points, kAt);
    for (const Point& point : points) out.real(point.value);
    return out.take();
}

std::string encode(std::span<const Bucket> buckets) {
    Writer out;
    writeMoments(out, buckets, kFirst);
    writeMoments(out, buckets, kLast);
    for (const Bucket& bucket : buckets) {
        out.real(bucket.min);
        out.real(bucket.max);
        out.real(bucket.mean);
        out.varint(static_cast<std::uint64_t>(bucket.finite));
        out.varint(static_cast<std::uint64_t>(bucket.nonFinite));
    }
    return out.take();
}

std::optional<std::vector<Point>> decodePoints(std::string_view bytes, std::int64_t count) {
    if (!plausible(count, kPointsPerChunk)) return std::nullopt;
    std::vector<Point> points(static_cast<std::size_t>(count));
    Reader in(bytes);
    readMoments(in, points, kAt);
    for (Point& point : points) point.value = in.real();
    return in.exhausted() ? std::optional(std::move(points)) : std::nullopt;
}

std::optional<std::vector<Bucket>> decodeBuckets(std::string_view bytes, std::int64_t count) {
    if (!plausible(count, kBucketsPerChunk)) return std::nullopt;
    std::vector<Bucket> buckets(static_cast<std::size_t>(count));
    Reader in(bytes);
    readMoments(in, buckets, kFirst);
    readMoments(in, buckets, kLast);
    for (Bucket& bucket : buckets) {
        bucket.min = in.real();
        bucket.max = in.real();
        bucket.mean = in.real();
        bucket.finite = static_cast<std::int64_t>(in.varint());
        bucket.nonFinite = static_cast<std::int64_t>(in.varint());
    }
    return in.exhausted() ? std::optional(std::move(buckets)) : std::nullopt;
}

std::int64_t checksum(const ChunkKey& key, std::string_view bytes) {
    return std::bit_cast<std::int64_t>(static_cast<std::uint64_t>(
        XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<std::uint64_t>(key.packed()))));
}

Moment stored(const Moment& moment) {
    Moment kept = moment;
    kept.wallTime = static_cast<double>(microseconds(moment.wallTime)) * kMicrosecond;
    return kept;
}

void add(Bucket& bucket, const Point& point) {
    const bool finite = std::isfinite(point.value);
    const double value = finite ? point.value : std::numeric_limits<double>::quiet_NaN();
    add(bucket, Bucket{point.at, point.at, value, value, value, finite ? 1 : 0, finite ? 0 : 1});
}

void add(Bucket& bucket, const Bucket& other) {
    const bool wasEmpty = bucket.finite + bucket.nonFinite == 0;
    if (wasEmpty) bucket.first = other.first;
    bucket.last = other.last;
    if (bucket.finite == 0) {
        bucket.min = other.min;
        bucket.max = other.max;
        bucket.mean = other.mean;
    } else if (other.finite > 0) {
        bucket.min = std::min(bucket.min, other.min);
        bucket.max = std::max(bucket.max, other.max);
        const double share = static_cast<double>(other.finite) / static_cast<double>(bucket.finite + other.finite);
        bucket.mean = bucket.mean * (1 - share) + other.mean * share;  // no difference of large values, no overflow
    }
    bucket.finite += other.finite;
    bucket.nonFinite += other.nonFinite;
}

}  // namespace headroom::store
