// SPDX-License-Identifier: Apache-2.0
#include "base/store/pyramid.h"

namespace headroom::store {
namespace {

ChunkRow rowOf(const std::vector<Point>& points) {
    return {static_cast<std::int64_t>(points.size()), points.front().at, points.back().at, encode(points)};
}

ChunkRow rowOf(const std::vector<Bucket>& buckets) {
    return {static_cast<std::int64_t>(buckets.size()), buckets.front().first, buckets.back().last, encode(buckets)};
}

/// Whether a series of `count` points has this level.
bool hasLevel(int level, std::int64_t count) { return count > pointsPerChunkOf(level - 1); }

std::int64_t pointsIn(const std::vector<Bucket>& buckets) {
    std::int64_t points = 0;
    for (const Bucket& bucket : buckets) points += bucket.finite + bucket.nonFinite;
    return points;
}

}  // namespace

Pyramid::Pyramid(SeriesId series, std::int64_t count, const std::function<Loaded(const ChunkKey&)>& load)
    : m_series(series), m_count(count) {
    if (count == 0) return;
    m_pointChunk = (count - 1) / kPointsPerChunk;
    m_points = load({series, 0, m_pointChunk}).points;
    m_points.resize(static_cast<std::size_t>(count - m_pointChunk * kPointsPerChunk));
    m_last = m_points.back();
    for (int level = 1; level <= kMaxLevel && hasLevel(level, count); ++level) {
        const std::int64_t chunk = (count - 1) / pointsPerChunkOf(level);
        m_levels.push_back({chunk, load({series, level, chunk}).buckets});
        cut(level);
    }
}

/// Where the loaded chunk of a level reaches further than the series (a resumed run): drops what is too much and makes
/// the last bucket again out of the level below, which is cut already and holds all of its parts.
void Pyramid::cut(int level) {
    Level& tail = m_levels[static_cast<std::size_t>(level) - 1];
    if (pointsIn(tail.buckets) == m_count - tail.chunk * pointsPerChunkOf(level)) return;
    m_dirty = true;
    const std::int64_t last = (m_count - 1) / pointsPerEntry(level);
    tail.buckets.resize(static_cast<std::size_t>(last % kBucketsPerChunk + 1));
    tail.buckets.back() = {};
    const auto begin = static_cast<std::size_t>(last * kFactor % entriesPerChunk(level - 1));
    const auto join = [&](const auto& parts) {
        for (std::size_t i = begin; i < parts.size(); ++i) add(tail.buckets.back(), parts[i]);
    };
    if (level == 1)
        join(m_points);
    else
        join(m_levels[static_cast<std::size_t>(level) - 2].buckets);
}

void Pyramid::append(const Point& point) {
    if (m_points.size() == kPointsPerChunk) {
        seal({m_series, 0, m_pointChunk}, rowOf(m_points));
        if (m_levels.empty()) beginLevel();
        ++m_pointChunk;
        m_points.clear();
    }
    m_points.push_back(point);
    appendToLevels(point);
    m_last = point;
    ++m_count;
    m_dirty = true;
}

void Pyramid::appendToLevels(const Point& point) {
    for (std::size_t i = 0; i < m_levels.size(); ++i) appendToLevel(static_cast<int>(i) + 1, point);
}

void Pyramid::appendToLevel(int level, const Point& point) {
    Level& tail = m_levels[static_cast<std::size_t>(level) - 1];
    const std::int64_t bucket = m_count / pointsPerEntry(level);
    const std::int64_t chunk = bucket / kBucketsPerChunk;
    if (chunk != tail.chunk) {
        seal({m_series, level, tail.chunk}, rowOf(tail.buckets));
        // The level above begins from this first full chunk; the present point is added to it in its own turn.
        const bool top = static_cast<std::size_t>(level) == m_levels.size();
        if (top && level < kMaxLevel) beginLevel();
        Level& same = m_levels[static_cast<std::size_t>(level) - 1];
        same.chunk = chunk;
        same.buckets.clear();
    }
    auto& buckets = m_levels[static_cast<std::size_t>(level) - 1].buckets;
    if (static_cast<std::int64_t>(buckets.size()) <= bucket % kBucketsPerChunk) buckets.emplace_back();
    add(buckets.back(), point);
}

/// Makes the next level out of the full first chunk of the one below.
void Pyramid::beginLevel() {
    Level next;
    const auto put = [&next](std::size_t i, std::size_t share, const auto& entry) {
        if (i % share == 0) next.buckets.emplace_back();
        add(next.buckets.back(), entry);
    };
    if (m_levels.empty())
        for (std::size_t i = 0; i < m_points.size(); ++i) put(i, kFactor, m_points[i]);
    else
        for (std::size_t i = 0; i < m_levels.back().buckets.size(); ++i) put(i, kFactor, m_levels.back().buckets[i]);
    m_levels.push_back(std::move(next));
}

std::map<ChunkKey, ChunkRow> Pyramid::changed() const {
    auto rows = m_sealed;
    if (!m_dirty) return rows;
    rows.insert_or_assign(ChunkKey{m_series, 0, m_pointChunk}, rowOf(m_points));
    for (std::size_t i = 0; i < m_levels.size(); ++i)
        rows.insert_or_assign(ChunkKey{m_series, static_cast<int>(i) + 1, m_levels[i].chunk},
                              rowOf(m_levels[i].buckets));
    return rows;
}

void Pyramid::forget() {
    m_sealed.clear();
    m_dirty = false;
}

}  // namespace headroom::store
