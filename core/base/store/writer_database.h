// SPDX-License-Identifier: Apache-2.0
// Inside the store only: the one read-write connection of a run. The writer's buffer and thread are in run_writer.
#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>

#include "base/store/pyramid.h"
#include "base/store/run_database.h"

namespace headroom::store {

/// What one commit puts into the database.
struct Batch {
    std::vector<SeriesInfo> series;  ///< new ones
    std::map<ChunkKey, ChunkRow> chunks;
    std::map<SeriesId, std::int64_t> counts;
    std::vector<Event> events;
    std::map<std::string, std::string> facts;
    double lastCommit = 0;  ///< wall time; 0 = no points in it

    bool empty() const { return series.empty() && chunks.empty() && events.empty() && facts.empty(); }
};

/// Not for several threads.
class WriterDatabase {
public:
    /// As RunWriter's constructor, which holds the lock already.
    WriterDatabase(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices);

    SQLite::Database& connection() { return *m_database; }
    /// Removes the end record and adds a session.
    Session beginSession();
    /// The end of a series that has (or shall keep only) `count` points. Throws DB-03 where its last chunk is damaged.
    Pyramid pyramid(SeriesId series, std::int64_t count);
    /// How many points of a series lie at or before a step.
    std::int64_t countUpTo(const SeriesInfo& series, std::int64_t step);

    void write(const Batch& batch);
    /// Cuts the given series to what their pyramids hold, in one transaction.
    void rewind(const std::map<SeriesId, Pyramid>& kept, std::int64_t step);
    void end(const End& end, const std::string& metrics);
    /// Folds the log in and goes over to plain files. A reader at work in this very moment is waited for, at most 5 s;
    /// then the file keeps its (empty) log.
    void close();

private:
    void open(const OpenOptions& options, std::vector<Failure>& notices);
    void check();
    void putAll(const std::map<ChunkKey, ChunkRow>& rows);
    void setCount(SeriesId series, std::int64_t count);
    void updateSession(const char* column, double value);
    void raise(const char* metaKey);

    RunFolder m_folder;
    std::filesystem::path m_file;
    std::unique_ptr<SQLite::Database> m_database;
};

}  // namespace headroom::store
