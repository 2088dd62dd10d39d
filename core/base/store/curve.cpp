// SPDX-License-Identifier: Apache-2.0
#include "base/store/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headroom::store {
namespace {

/// A bucket and the position of its first point.
struct Placed {
    std::int64_t position = 0;
    Bucket bucket;
};

Gap gapOf(const CurveSource& source, const StoredChunk& chunk) {
    return {
        source.series.name, chunk.firstStep, chunk.lastStep,
        fmt::format("{}: {}: steps {} to {} cannot be read: the checksum of chunk {} is wrong. Other parts are whole.",
                    source.run, source.series.name, chunk.firstStep, chunk.lastStep, chunk.key.index)};
}

const char* columnsOf(Axis axis) {
    switch (axis) {
        case Axis::Step:
            return "first_step, last_step";
        case Axis::Epoch:
            return "first_epoch, last_epoch";
        case Axis::Samples:
            return "first_samples, last_samples";
        case Axis::WallTime:
            return "first_time, last_time";
    }
    return "";
}

/// Narrows a span to the chunks of `level` that the range touches, and one more on either side for its neighbours.
Span narrowed(const CurveSource& source, int level, const Range& range, Span within) {
    const std::int64_t width = pointsPerChunkOf(level);
    const std::int64_t first = within.begin / width, last = (within.end - 1) / width;
    std::int64_t begin = first, end = first;
    SQLite::Statement query(source.database,
                            fmt::format("SELECT id, {} FROM chunk WHERE id BETWEEN ? AND ?", columnsOf(range.axis)));
    query.bind(1, ChunkKey{source.series.id, level, first}.packed());
    query.bind(2, ChunkKey{source.series.id, level, last}.packed());
    while (query.executeStep()) {
        const std::int64_t index = ChunkKey::unpack(query.getColumn(0).getInt64()).index;
        if (query.getColumn(2).getDouble() < range.from) begin = std::max(begin, index + 1);
        if (query.getColumn(1).getDouble() <= range.to) end = std::max(end, index + 1);
    }
    return {std::max(within.begin, (begin - 1) * width), std::min(within.end, (end + 1) * width)};
}

/// Points that the range may touch; at most a few chunks too many.
Span spanOf(const CurveSource& source, const Range& range) {
    Span span{0, source.series.count};
    if (std::isinf(range.from) && std::isinf(range.to)) return span;
    if (span.size() > pointsPerChunkOf(2)) span = narrowed(source, 2, range, span);
    return span.size() > kPointsPerChunk ? narrowed(source, 0, range, span) : span;
}

/// Drops what lies outside of the range, but for one neighbour on either side.
template <class Entry, class First, class Last>
void clip(std::vector<Entry>& entries, const Range& range, First first, Last last) {
    auto begin = std::find_if(entries.begin(), entries.end(),
                              [&](const Entry& e) { return along(range.axis, last(e)) >= range.from; });
    auto end =
        std::find_if(begin, entries.end(), [&](const Entry& e) { return along(range.axis, first(e)) > range.to; });
    if (begin != entries.begin()) --begin;
    if (end != entries.end()) ++end;
    entries.erase(end, entries.end());
    entries.erase(entries.begin(), begin);
}

/// The coarsest level that still has an entry for every place asked for.
int levelFor(std::int64_t points, std::int64_t total, std::int64_t maxPoints) {
    int level = 0;
    while (level < kMaxLevel && total > pointsPerChunkOf(level) && points / pointsPerEntry(level + 1) >= maxPoints)
        ++level;
    return level;
}

void placePoints(const CurveSource& source, Span span, int level, std::vector<Placed>& out, std::vector<Gap>& gaps) {
    const std::int64_t width = pointsPerEntry(level);
    forChunks(source.database, source.series.id, 0, span.begin / kPointsPerChunk, (span.end - 1) / kPointsPerChunk,
              [&](const StoredChunk& chunk) {
                  const auto points = chunk.intact ? decodePoints(chunk.data, chunk.count) : std::nullopt;
                  if (!points) return gaps.push_back(gapOf(source, chunk));
                  std::int64_t position = chunk.key.index * kPointsPerChunk;
                  for (const Point& point : *points) {
                      const std::int64_t place = position++ / width * width;
                      if (out.empty() || out.back().position != place) out.push_back({place, {}});
                      add(out.back().bucket, point);
                  }
              });
}

/// The entries of a level over the span. A damaged chunk of buckets is made again from the points below it.
std::vector<Placed> readLevel(const CurveSource& source, Span span, int level, std::vector<Gap>& gaps) {
    std::vector<Placed> all;
    if (span.size() <= 0) return all;
    if (level == 0) return placePoints(source, span, 0, all, gaps), all;
    const std::int64_t width = pointsPerChunkOf(level);
    const auto fromBelow = [&](std::int64_t index) {
        placePoints(source, {index * width, std::min(source.series.count, (index + 1) * width)}, level, all, gaps);
    };
    std::int64_t next = span.begin / width;
    const std::int64_t last = (span.end - 1) / width;
    forChunks(source.database, source.series.id, level, next, last, [&](const StoredChunk& chunk) {
        for (; next < chunk.key.index; ++next) fromBelow(next);
        ++next;
        const auto buckets = chunk.intact ? decodeBuckets(chunk.data, chunk.count) : std::nullopt;
        if (!buckets) return fromBelow(chunk.key.index);
        std::int64_t position = chunk.key.index * width;
        for (const Bucket& bucket : *buckets) {
            all.push_back({position, bucket});
            position += pointsPerEntry(level);
        }
    });
    for (; next <= last; ++next) fromBelow(next);
    return all;
}

/// Joins neighbours until few enough are left. Groups begin at multiples of a power of two of points, so that a growing
/// curve keeps its buckets.
std::vector<Bucket> joined(const std::vector<Placed>& entries, std::int64_t width, std::int64_t maxPoints) {
    std::int64_t group = width;
    const auto groups = [&] {
        return entries.empty() ? 0 : entries.back().position / group - entries.front().position / group + 1;
    };
    while (groups() > maxPoints) group *= 2;
    std::vector<Bucket> out;
    std::int64_t present = -1;
    for (const Placed& entry : entries) {
        if (entry.position / group != present) out.emplace_back();
        present = entry.position / group;
        add(out.back(), entry.bucket);
    }
    return out;
}

constexpr auto kPointAt = [](const Point& point) -> const Moment& { return point.at; };

/// Slack of spanOf(): so many points more may be read to find out that few enough lie in the range.
constexpr std::int64_t kSlack = 4 * kPointsPerChunk;

}  // namespace

Curve readPoints(const CurveSource& source, Span span) {
    Curve curve;
    if (span.size() <= 0) return curve;
    curve.points.reserve(static_cast<std::size_t>(span.size()));
    forChunks(source.database, source.series.id, 0, span.begin / kPointsPerChunk, (span.end - 1) / kPointsPerChunk,
              [&](const StoredChunk& chunk) {
                  const auto points = chunk.intact ? decodePoints(chunk.data, chunk.count) : std::nullopt;
                  if (!points) return curve.gaps.push_back(gapOf(source, chunk));
                  const std::int64_t start = chunk.key.index * kPointsPerChunk;
                  const auto skip = std::clamp<std::int64_t>(span.begin - start, 0, std::ssize(*points));
                  const auto keep = std::clamp<std::int64_t>(span.end - start, skip, std::ssize(*points));
                  curve.points.insert(curve.points.end(), points->begin() + skip, points->begin() + keep);
              });
    return curve;
}

Curve readCurve(const CurveSource& source, const Range& range, std::int64_t maxPoints) {
    const Span span = spanOf(source, range);
    if (span.size() <= 0) return {};
    const std::int64_t limit = std::max<std::int64_t>(maxPoints, 3);
    if (span.size() - kSlack <= limit) {
        Curve curve = readPoints(source, span);
        clip(curve.points, range, kPointAt, kPointAt);
        if (std::ssize(curve.points) <= limit) return curve;
    }
    Curve curve;
    curve.exact = false;
    const int level = levelFor(span.size(), source.series.count, limit);
    auto entries = readLevel(source, span, level, curve.gaps);
    clip(
        entries, range, [](const Placed& e) -> const Moment& { return e.bucket.first; },
        [](const Placed& e) -> const Moment& { return e.bucket.last; });
    curve.buckets = joined(entries, pointsPerEntry(level), limit);
    return curve;
}

}  // namespace headroom::store
