// SPDX-License-Identifier: Apache-2.0
// Inside the store only.
#pragma once
#include <functional>
#include <map>
#include <vector>

#include "base/store/chunk.h"

namespace headroom::store {

/// A chunk as it goes into the database.
struct ChunkRow {
    std::int64_t count = 0;
    Moment first, last;
    std::string bytes;
};

/// The growing end of one series: for every level the chunk that is not full yet. A level begins when the one below it
/// has filled its first chunk, so that a short series is a single row.
class Pyramid {
public:
    explicit Pyramid(SeriesId series) : m_series(series) {}

    /// Reads the unfinished chunks: `load` gives one by its key, empty where there is none.
    struct Loaded {
        std::vector<Point> points;
        std::vector<Bucket> buckets;
    };
    /// `count` may be less than what the chunks hold: the rest is dropped (a run resumed from an earlier step).
    Pyramid(SeriesId series, std::int64_t count, const std::function<Loaded(const ChunkKey&)>& load);

    std::int64_t count() const { return m_count; }
    const Point& last() const { return m_last; }
    void append(const Point& point);

    /// The tails must be written although nothing was appended.
    void touch() { m_dirty = m_count > 0; }
    /// Chunks that changed since forget(), full ones and the tails.
    std::map<ChunkKey, ChunkRow> changed() const;
    /// The changed ones are on the disk.
    void forget();

private:
    struct Level {
        std::int64_t chunk = 0;  ///< index of the unfinished chunk
        std::vector<Bucket> buckets;
    };
    void seal(const ChunkKey& key, ChunkRow row) { m_sealed.insert_or_assign(key, std::move(row)); }
    void appendToLevels(const Point& point);
    void appendToLevel(int level, const Point& point);
    void beginLevel();
    void cut(int level);

    SeriesId m_series;
    std::int64_t m_count = 0;
    Point m_last;
    std::int64_t m_pointChunk = 0;
    std::vector<Point> m_points;
    std::vector<Level> m_levels;  ///< [k - 1] is level k
    std::map<ChunkKey, ChunkRow> m_sealed;
    bool m_dirty = false;
};

}  // namespace headroom::store
