// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_database.h"

namespace headroom::store {
namespace {

ChunkKey keyOf(SeriesId series, int level, std::int64_t index) { return {series, level, index}; }

/// Facts and details are JSON that the writer made; what a damaged file holds in their place reads as null.
nlohmann::json parsed(const std::string& text) {
    auto value = nlohmann::json::parse(text, nullptr, false);
    return value.is_discarded() ? nlohmann::json() : value;
}

EndState endStateOf(const std::string& text) {
    for (const auto state : {EndState::Finished, EndState::Paused, EndState::Diverged})
        if (text == word(state)) return state;
    return EndState::Failed;
}

}  // namespace

std::vector<SeriesInfo> readSeries(SQLite::Database& database) {
    std::vector<SeriesInfo> all;
    SQLite::Statement query(database, "SELECT id, name, unit, kind, count FROM series ORDER BY id");
    while (query.executeStep()) {
        SeriesInfo info;
        info.id = query.getColumn(0).getInt64();
        info.name = query.getColumn(1).getString();
        info.unit = query.getColumn(2).getString();
        info.kind = query.getColumn(3).getString() == "time" ? SeriesKind::Time : SeriesKind::Step;
        info.count = query.getColumn(4).getInt64();
        all.push_back(std::move(info));
    }
    return all;
}

std::vector<Session> readSessions(SQLite::Database& database) {
    std::vector<Session> all;
    SQLite::Statement query(database, "SELECT start, last_commit, pid, from_step FROM session ORDER BY id");
    while (query.executeStep())
        all.push_back({query.getColumn(0).getDouble(), query.getColumn(1).getDouble(), query.getColumn(2).getInt64(),
                       query.getColumn(3).getInt64()});
    return all;
}

std::vector<Event> readEvents(SQLite::Database& database, std::int64_t afterId) {
    std::vector<Event> all;
    SQLite::Statement query(database,
                            "SELECT id, wall_time, step, kind, text, details FROM event WHERE id > ? ORDER BY id");
    query.bind(1, afterId);
    while (query.executeStep())
        all.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getDouble(), query.getColumn(2).getInt64(),
                       query.getColumn(3).getString(), query.getColumn(4).getString(), query.getColumn(5).getString()});
    return all;
}

nlohmann::json readFacts(SQLite::Database& database) {
    auto facts = nlohmann::json::object();
    SQLite::Statement query(database, "SELECT key, value FROM fact");
    while (query.executeStep()) facts[query.getColumn(0).getString()] = parsed(query.getColumn(1).getString());
    return facts;
}

std::optional<End> readEnd(SQLite::Database& database, nlohmann::json* metrics) {
    SQLite::Statement query(database, "SELECT state, reason, code, wall_time, metrics FROM run_end");
    if (!query.executeStep()) return std::nullopt;
    if (metrics != nullptr) *metrics = parsed(query.getColumn(4).getString());
    return End{endStateOf(query.getColumn(0).getString()), query.getColumn(1).getString(),
               query.getColumn(2).getString(), query.getColumn(3).getDouble()};
}

void forChunks(SQLite::Database& database, SeriesId series, int level, std::int64_t from, std::int64_t to,
               const std::function<void(const StoredChunk&)>& use) {
    SQLite::Statement query(database,
                            "SELECT id, count, first_step, last_step, checksum, data FROM chunk "
                            "WHERE id BETWEEN ? AND ? ORDER BY id");
    query.bind(1, keyOf(series, level, from).packed());
    query.bind(2, keyOf(series, level, to).packed());
    StoredChunk chunk;
    while (query.executeStep()) {
        const auto data = query.getColumn(5);
        chunk.key = ChunkKey::unpack(query.getColumn(0).getInt64());
        chunk.count = query.getColumn(1).getInt64();
        chunk.firstStep = query.getColumn(2).getInt64();
        chunk.lastStep = query.getColumn(3).getInt64();
        chunk.data.assign(static_cast<const char*>(data.getBlob()), static_cast<std::size_t>(data.getBytes()));
        chunk.intact = checksum(chunk.key, chunk.data) == query.getColumn(4).getInt64();
        use(chunk);
    }
}

std::optional<Point> lastPoint(SQLite::Database& database, SeriesId series, std::int64_t count) {
    std::optional<Point> last;
    if (count == 0) return last;
    const std::int64_t tail = (count - 1) / kPointsPerChunk;
    forChunks(database, series, 0, tail, tail, [&](const StoredChunk& chunk) {
        const auto points = chunk.intact ? decodePoints(chunk.data, chunk.count) : std::nullopt;
        if (points && !points->empty()) last = points->back();
    });
    return last ? last : lastPoint(database, series, tail * kPointsPerChunk);
}

}  // namespace headroom::store
