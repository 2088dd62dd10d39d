// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_reader.h"

#include <sqlite3.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/store/curve.h"
#include "base/store/run_database.h"
#include "base/store/summaries.h"

namespace headroom::store {

struct RunReader::Parts {
    RunFolder folder;
    OpenOptions options;
    std::vector<Failure> notices;

    /// Opens the database for one piece of work; what SQLite throws becomes an error of ours.
    template <class Work>
    auto with(Work&& work) const {
        std::vector<Failure> known;  // the same at every call: those of the first are shown
        return guarded(folder.database(), [&] {
            OpenRun run(folder, options, known);
            return work(run.database());
        });
    }
};

namespace {

std::int64_t number(SQLite::Database& database, const char* key) {
    const std::string text = readMeta(database, key);
    return text.empty() ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}

std::optional<SeriesInfo> byId(SQLite::Database& database, SeriesId id) {
    for (auto& series : readSeries(database))
        if (series.id == id) return std::move(series);
    return std::nullopt;
}

/// What came of each series after the cursor's positions.
void collect(SQLite::Database& database, const RunId& run, Cursor& cursor, Changes& changes) {
    for (const SeriesInfo& series : readSeries(database)) {
        std::int64_t& known = cursor.points[series.id];
        if (series.count <= known) continue;
        Curve fresh = readPoints({database, series, run}, {known, series.count});
        known = series.count;
        changes.points[series.id] = std::move(fresh.points);
        std::ranges::move(fresh.gaps, std::back_inserter(changes.gaps));
    }
}

}  // namespace

RunReader::RunReader(RunFolder folder, OpenOptions options)
    : m_parts(std::make_unique<Parts>(Parts{std::move(folder), std::move(options), {}})) {
    guarded(m_parts->folder.database(),
            [&] { const OpenRun checked(m_parts->folder, m_parts->options, m_parts->notices); });
}

RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;

const RunFolder& RunReader::folder() const { return m_parts->folder; }
const std::vector<Failure>& RunReader::notices() const { return m_parts->notices; }

std::vector<SeriesInfo> RunReader::series() const {
    return m_parts->with([](SQLite::Database& database) {
        auto all = readSeries(database);
        for (SeriesInfo& info : all)
            if (const auto last = lastPoint(database, info.id, info.count)) info.last = *last;
        return all;
    });
}

std::optional<SeriesInfo> RunReader::find(const std::string& name) const {
    for (auto& info : series())
        if (info.name == name) return std::move(info);
    return std::nullopt;
}

Curve RunReader::read(SeriesId id, const Range& range, std::int64_t maxPoints) const {
    return m_parts->with([&](SQLite::Database& database) {
        const auto series = byId(database, id);
        return series ? readCurve({database, *series, folder().id()}, range, maxPoints) : Curve{};
    });
}

Curve RunReader::readAll(SeriesId id, const Range& range) const {
    return read(id, range, std::numeric_limits<std::int64_t>::max() / 2);
}

Changes RunReader::newSince(Cursor& cursor) const {
    return m_parts->with([&](SQLite::Database& database) {
        Changes changes;
        const std::int64_t commit = number(database, "commits");
        if (commit == cursor.commit) return changes;
        changes.any = true;
        const std::int64_t rewinds = number(database, "rewinds");
        changes.rewound = cursor.commit >= 0 && rewinds != cursor.rewind;
        if (changes.rewound) cursor.points.clear();
        collect(database, folder().id(), cursor, changes);
        changes.events = readEvents(database, cursor.event);
        if (!changes.events.empty()) cursor.event = changes.events.back().id;
        cursor.commit = commit;
        cursor.rewind = rewinds;
        return changes;
    });
}

Cursor RunReader::here() const {
    return m_parts->with([&](SQLite::Database& database) {
        Cursor cursor{number(database, "commits"), number(database, "rewinds"), 0, {}};
        for (const SeriesInfo& series : readSeries(database)) cursor.points[series.id] = series.count;
        cursor.event = database.execAndGet("SELECT coalesce(max(id), 0) FROM event").getInt64();
        return cursor;
    });
}

std::vector<Event> RunReader::events(std::int64_t afterId) const {
    return m_parts->with([&](SQLite::Database& database) { return readEvents(database, afterId); });
}

std::vector<Session> RunReader::sessions() const {
    return m_parts->with([](SQLite::Database& database) { return readSessions(database); });
}

nlohmann::json RunReader::facts() const {
    return m_parts->with([](SQLite::Database& database) { return readFacts(database); });
}

nlohmann::json RunReader::fact(const std::string& key) const {
    const auto all = facts();
    const auto found = all.find(key);
    return found == all.end() ? nlohmann::json() : *found;
}

std::optional<End> RunReader::end() const {
    return m_parts->with([](SQLite::Database& database) { return readEnd(database); });
}

RunSummary RunReader::summary() const {
    RunSummary summary = birthSummary(folder());
    m_parts->with([&](SQLite::Database& database) { return fillFromDatabase(database, summary), 0; });
    return summary;
}

void RunReader::copyTo(const std::filesystem::path& file) const {
    m_parts->with([&](SQLite::Database& database) {
        database.exec("COMMIT");  // VACUUM INTO makes its own snapshot, and attaches the new file
        sqlite3_limit(database.getHandle(), SQLITE_LIMIT_ATTACHED, 1);
        SQLite::Statement copy(database, "VACUUM INTO ?");
        copy.bind(1, file.string());
        copy.exec();
        return 0;
    });
}

}  // namespace headroom::store
