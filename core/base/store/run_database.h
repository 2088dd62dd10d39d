// SPDX-License-Identifier: Apache-2.0
// Inside the store only: the tables of run.sqlite and how they are read.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/store/chunk.h"
#include "base/store/database.h"
#include "base/store/run_folder.h"
#include "base/store/run_summary.h"
#include "base/store/series.h"

namespace headroom::store {

const Schema& runSchema();

/// What a run was born with; stands in its database because no other file of the folder is ours alone.
struct Birth {
    RunId id;
    double created = 0;
    RunId parent;
    std::string relation;
};

/// Makes an empty database. Throws DSK-01, DSK-02.
void createRunDatabase(const std::filesystem::path& file, const Birth& birth, const OpenOptions& options);

/// A read-only connection, good for one call, inside one transaction.
class OpenRun {
public:
    OpenRun(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices);

    SQLite::Database& database() { return *m_database; }

private:
    /// The three files of a database, copied to where they can be opened.
    struct Copy {
        explicit Copy(const std::filesystem::path& database);
        ~Copy();
        Copy(const Copy&) = delete;
        Copy& operator=(const Copy&) = delete;
        std::filesystem::path folder, file;
    };
    void connect(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices);
    void connectWithoutWriting(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices);
    void connectCopy(const RunFolder& folder);
    void check(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices);

    std::unique_ptr<Copy> m_copy;  // outlives the connection
    std::unique_ptr<SQLite::Database> m_database;
};

/// DB-06 where the file is a link, or has a second name while it needs its log beside it.
void requireOnlyName(const std::filesystem::path& file, bool usesLog);

std::string readMeta(SQLite::Database& database, const char* key);
void writeMeta(SQLite::Database& database, const char* key, const std::string& value);

/// Series as they stand, without their last points.
std::vector<SeriesInfo> readSeries(SQLite::Database& database);
std::vector<Session> readSessions(SQLite::Database& database);
std::vector<Event> readEvents(SQLite::Database& database, std::int64_t afterId);
nlohmann::json readFacts(SQLite::Database& database);
std::optional<End> readEnd(SQLite::Database& database, nlohmann::json* metrics = nullptr);

/// One chunk as it lies there. `data` is good only as long as `intact`.
struct StoredChunk {
    ChunkKey key;
    std::int64_t count = 0;
    std::int64_t firstStep = 0, lastStep = 0;
    std::string data;
    bool intact = false;  ///< checksum right
};
/// Chunks of one level with index in [from, to], in order.
void forChunks(SQLite::Database& database, SeriesId series, int level, std::int64_t from, std::int64_t to,
               const std::function<void(const StoredChunk&)>& use);
/// The last point, also where its chunk is damaged (then the one before the chunk, or none).
std::optional<Point> lastPoint(SQLite::Database& database, SeriesId series, std::int64_t count);

}  // namespace headroom::store
