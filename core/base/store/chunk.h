// SPDX-License-Identifier: Apache-2.0
// Inside the store only: how points and buckets lie in a run's database. docs/store.md has the layout.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/store/series.h"

namespace headroom::store {

/// A bucket of level k stands for kFactor^k points; level 0 holds the points themselves.
constexpr std::int64_t kFactor = 16;
constexpr std::int64_t kPointsPerChunk = 1024;
constexpr std::int64_t kBucketsPerChunk = 64;
/// Levels above it would begin at 64 * 16^6 = 1,073,741,824 points.
constexpr int kMaxLevel = 6;

/// Entries (points or buckets) in one chunk of a level.
constexpr std::int64_t entriesPerChunk(int level) { return level == 0 ? kPointsPerChunk : kBucketsPerChunk; }
/// Points that one entry of a level stands for.
constexpr std::int64_t pointsPerEntry(int level) { return level == 0 ? 1 : kFactor * pointsPerEntry(level - 1); }
constexpr std::int64_t pointsPerChunkOf(int level) { return entriesPerChunk(level) * pointsPerEntry(level); }

/// The primary key of a chunk: sorted by series, level, position.
struct ChunkKey {
    SeriesId series = 0;
    int level = 0;
    std::int64_t index = 0;

    std::int64_t packed() const { return (series << 36) | (static_cast<std::int64_t>(level) << 32) | index; }
    static ChunkKey unpack(std::int64_t id) { return {id >> 36, static_cast<int>((id >> 32) & 0xF), id & 0xFFFFFFFF}; }
    auto operator<=>(const ChunkKey&) const = default;
};

std::string encode(std::span<const Point> points);
std::string encode(std::span<const Bucket> buckets);
/// Nothing where the bytes are not what encode() writes; never reads outside of them.
std::optional<std::vector<Point>> decodePoints(std::string_view bytes, std::int64_t count);
std::optional<std::vector<Bucket>> decodeBuckets(std::string_view bytes, std::int64_t count);

/// XXH3 over the bytes, seeded with the key, so that a chunk in another's place is found too.
std::int64_t checksum(const ChunkKey& key, std::string_view bytes);

/// A moment as it comes back from a chunk: times to the microsecond.
Moment stored(const Moment& moment);

/// Puts a point, or the bucket that follows, into a bucket. A bucket without values takes over the other's moments.
void add(Bucket& bucket, const Point& point);
void add(Bucket& bucket, const Bucket& other);

}  // namespace headroom::store
