// SPDX-License-Identifier: Apache-2.0
#include "base/store/writer_database.h"

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/process/liveness.h"

namespace headroom::store {
namespace {

constexpr auto kLongestWait = std::chrono::seconds(5);
constexpr auto kBetweenTries = std::chrono::milliseconds(5);
constexpr std::int64_t kLastIndex = 0xFFFFFFFF;

Failure noSharedLog(const RunFolder& folder) {
    return {.code = Code::Db07,
            .subject = folder.id(),
            .problem = "the file system does not lock reliably, so the run uses a rollback journal",
            .found = {},
            .allowed = {},
            .remedy = "Live curves may lag; a folder on a local disk is faster and safer."};
}

Error damagedTail(const RunFolder& folder, const std::string& found) {
    return Error({.code = Code::Db03,
                  .subject = folder.id() + ": run.sqlite",
                  .problem = "the database is damaged, nothing can be added",
                  .found = found,
                  .allowed = {},
                  .remedy = "Duplicate the run to start afresh, or restore its folder from a backup."});
}

void putSeries(SQLite::Database& database, const std::vector<SeriesInfo>& series) {
    SQLite::Statement insert(database, "INSERT INTO series VALUES (?, ?, ?, ?, 0)");
    for (const SeriesInfo& info : series) {
        SQLite::bind(insert, info.id, info.name, info.unit, info.kind == SeriesKind::Time ? "time" : "step");
        insert.exec();
        insert.reset();
    }
}

void putEvents(SQLite::Database& database, const std::vector<Event>& events) {
    SQLite::Statement insert(database,
                             "INSERT INTO event (wall_time, step, kind, text, details) VALUES (?, ?, ?, ?, ?)");
    for (const Event& event : events) {
        SQLite::bind(insert, event.wallTime, event.step, event.kind, event.text, event.json);
        insert.exec();
        insert.reset();
    }
}

void putFacts(SQLite::Database& database, const std::map<std::string, std::string>& facts) {
    SQLite::Statement put(database,
                          "INSERT INTO fact VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    for (const auto& [key, value] : facts) {
        SQLite::bind(put, key, value);
        put.exec();
        put.reset();
    }
}

/// Removes the chunks that a series of `count` points does not have.
void dropAfter(SQLite::Database& database, SeriesId series, std::int64_t count) {
    SQLite::Statement drop(database, "DELETE FROM chunk WHERE id BETWEEN ? AND ?");
    for (int level = 0; level <= kMaxLevel; ++level) {
        const bool has = count > (level == 0 ? 0 : pointsPerChunkOf(level - 1));
        const std::int64_t first = has ? (count - 1) / pointsPerChunkOf(level) + 1 : 0;
        SQLite::bind(drop, ChunkKey{series, level, first}.packed(), ChunkKey{series, level, kLastIndex}.packed());
        drop.exec();
        drop.reset();
    }
}

}  // namespace

WriterDatabase::WriterDatabase(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices)
    : m_folder(folder), m_file(folder.database()) {
    {
        // Looks at everything through a connection that cannot write: opening for writing would fold a foreign log in.
        std::vector<Failure> found;
        OpenRun checked(folder, options, found);
        for (Failure& failure : found)
            if (failure.code == Code::Db02 || failure.code == Code::Dsk02) throw Error(std::move(failure));
    }
    guarded(m_file, [&] {
        open(options, notices);
        migrate(*m_database, runSchema());
        check();
    });
}

void WriterDatabase::open(const OpenOptions& options, std::vector<Failure>& notices) {
    const bool local = options.fileSystem(m_folder.path()) == FileSystem::Local;
    requireOnlyName(m_file, true);
    m_database = openDatabase(m_file, Access::ReadWrite, options);
    const std::string mode = pragma(*m_database, local ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=DELETE");
    if (mode != "wal") notices.push_back(noSharedLog(m_folder));
    m_database->exec("PRAGMA synchronous=FULL");
}

/// After a crash only: a run that ended was folded in whole.
void WriterDatabase::check() {
    if (readSessions(*m_database).empty() || readEnd(*m_database)) return;
    const std::string found = pragma(*m_database, "PRAGMA quick_check(1)");
    if (found != "ok") throw damagedTail(m_folder, found);
}

Session WriterDatabase::beginSession() {
    return guarded(m_file, [&] {
        const auto me = process::self();
        const Session session{now(), 0, me.pid, 0};
        SQLite::Transaction transaction(*m_database);
        m_database->exec("DELETE FROM run_end");
        SQLite::Statement insert(
            *m_database, "INSERT INTO session (start, last_commit, pid, start_time, from_step) VALUES (?, 0, ?, ?, 0)");
        insert.bind(1, session.start);
        insert.bind(2, session.pid);
        insert.bind(3, static_cast<std::int64_t>(me.startTime));
        insert.exec();
        raise("commits");
        transaction.commit();
        return session;
    });
}

Pyramid WriterDatabase::pyramid(SeriesId series, std::int64_t count) {
    return guarded(m_file, [&] {
        return Pyramid(series, count, [&](const ChunkKey& key) {
            std::optional<Pyramid::Loaded> loaded;
            forChunks(*m_database, key.series, key.level, key.index, key.index, [&](const StoredChunk& chunk) {
                if (!chunk.intact) return;
                auto points = key.level == 0 ? decodePoints(chunk.data, chunk.count) : std::nullopt;
                auto buckets = key.level == 0 ? std::nullopt : decodeBuckets(chunk.data, chunk.count);
                if (points || buckets)
                    loaded = {std::move(points).value_or(std::vector<Point>{}),
                              std::move(buckets).value_or(std::vector<Bucket>{})};
            });
            if (!loaded) throw damagedTail(m_folder, fmt::format("chunk {} of series {}", key.index, key.series));
            return *std::move(loaded);
        });
    });
}

std::int64_t WriterDatabase::countUpTo(const SeriesInfo& series, std::int64_t step) {
    return guarded(m_file, [&]() -> std::int64_t {
        SQLite::Statement query(
            *m_database, "SELECT id FROM chunk WHERE id BETWEEN ? AND ? AND first_step <= ? ORDER BY id DESC LIMIT 1");
        query.bind(1, ChunkKey{series.id, 0, 0}.packed());
        query.bind(2, ChunkKey{series.id, 0, kLastIndex}.packed());
        query.bind(3, step);
        if (!query.executeStep()) return 0;
        const std::int64_t index = ChunkKey::unpack(query.getColumn(0).getInt64()).index;
        std::int64_t within = -1;
        forChunks(*m_database, series.id, 0, index, index, [&](const StoredChunk& chunk) {
            const auto points = chunk.intact ? decodePoints(chunk.data, chunk.count) : std::nullopt;
            if (points)
                within = std::ranges::upper_bound(*points, step, {}, [](const Point& p) { return p.at.step; }) -
                         points->begin();
        });
        if (within < 0) throw damagedTail(m_folder, fmt::format("chunk {} of {}", index, series.name));
        return index * kPointsPerChunk + within;
    });
}

void WriterDatabase::write(const Batch& batch) {
    guarded(m_file, [&] {
        SQLite::Transaction transaction(*m_database, SQLite::TransactionBehavior::IMMEDIATE);
        putSeries(*m_database, batch.series);
        putAll(batch.chunks);
        for (const auto& [id, count] : batch.counts) setCount(id, count);
        putEvents(*m_database, batch.events);
        putFacts(*m_database, batch.facts);
        if (batch.lastCommit > 0) updateSession("last_commit", batch.lastCommit);
        raise("commits");
        transaction.commit();
    });
}

void WriterDatabase::rewind(const std::map<SeriesId, Pyramid>& kept, std::int64_t step) {
    guarded(m_file, [&] {
        SQLite::Transaction transaction(*m_database, SQLite::TransactionBehavior::IMMEDIATE);
        for (const auto& [id, pyramid] : kept) {
            dropAfter(*m_database, id, pyramid.count());
            putAll(pyramid.changed());
            setCount(id, pyramid.count());
        }
        updateSession("from_step", static_cast<double>(step));
        raise("rewinds");
        raise("commits");
        transaction.commit();
    });
}

void WriterDatabase::end(const End& end, const std::string& metrics) {
    guarded(m_file, [&] {
        SQLite::Transaction transaction(*m_database, SQLite::TransactionBehavior::IMMEDIATE);
        SQLite::Statement insert(*m_database, "INSERT OR REPLACE INTO run_end VALUES (1, ?, ?, ?, ?, ?)");
        SQLite::bind(insert, std::string(word(end.state)), end.reason, end.code, end.wallTime, metrics);
        insert.exec();
        raise("commits");
        transaction.commit();
    });
}

void WriterDatabase::close() {
    guarded(m_file, [&] {
        m_database->setBusyTimeout(static_cast<int>(std::chrono::milliseconds(kLongestWait).count()));
        m_database->tryExec("PRAGMA wal_checkpoint(TRUNCATE)");
        // Changing the mode needs the file alone and, unlike a checkpoint, does not wait by itself.
        const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
        while (m_database->tryExec("PRAGMA journal_mode=DELETE") == SQLITE_BUSY &&
               std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(kBetweenTries);
        m_database.reset();
    });
}

void WriterDatabase::putAll(const std::map<ChunkKey, ChunkRow>& rows) {
    SQLite::Statement put(*m_database, "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& [key, row] : rows) {
        SQLite::bind(put, key.packed(), row.count, row.first.step, row.last.step, row.first.epoch, row.last.epoch,
                     row.first.samples, row.last.samples, row.first.wallTime, row.last.wallTime,
                     checksum(key, row.bytes));
        put.bindNoCopy(12, row.bytes.data(), static_cast<int>(row.bytes.size()));
        put.exec();
        put.reset();
    }
}

void WriterDatabase::setCount(SeriesId series, std::int64_t count) {
    SQLite::Statement update(*m_database, "UPDATE series SET count = ? WHERE id = ?");
    SQLite::bind(update, count, series);
    update.exec();
}

void WriterDatabase::updateSession(const char* column, double value) {
    SQLite::Statement update(*m_database,
                             fmt::format("UPDATE session SET {} = ? WHERE id = (SELECT max(id) FROM session)", column));
    update.bind(1, value);
    update.exec();
}

void WriterDatabase::raise(const char* metaKey) {
    SQLite::Statement update(*m_database, "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = ?");
    update.bind(1, metaKey);
    update.exec();
}

}  // namespace headroom::store
