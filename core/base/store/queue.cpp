// SPDX-License-Identifier: Apache-2.0
#include "base/store/queue.h"

#include <SQLiteCpp/VariadicBind.h>

#include <array>

#include "base/store/shared_database.h"

namespace headroom::store {
namespace {

constexpr std::int32_t kApplicationId = 0x48727175;  // "HRqu"
constexpr int kMostAttempts = 3;

// A released step is never edited: a change is a new step at the end.
constexpr std::array kSteps{R"sql(
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, device TEXT NOT NULL, mode TEXT NOT NULL,
    created REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, pid INTEGER NOT NULL DEFAULT 0,
    start_time INTEGER NOT NULL DEFAULT 0);
)sql"};

const Schema& schema() {
    static const Schema known{kApplicationId, kSteps};
    return known;
}

constexpr const char* kSelect = "SELECT id, run, device, mode, created, pid, start_time, attempts FROM entry ";

struct Row {
    QueueEntry entry;
    int attempts = 0;
};

std::vector<Row> rowsOf(SQLite::Statement& query) {
    std::vector<Row> rows;
    while (query.executeStep()) {
        QueueEntry entry;
        entry.id = query.getColumn(0).getInt64();
        entry.run = RunFolder(query.getColumn(1).getString());
        entry.device = query.getColumn(2).getString();
        entry.mode = query.getColumn(3).getString() == "resume" ? StartMode::Resume : StartMode::Start;
        entry.created = query.getColumn(4).getDouble();
        entry.claimedBy = {static_cast<pid_t>(query.getColumn(5).getInt64()),
                           static_cast<std::uint64_t>(query.getColumn(6).getInt64())};
        rows.push_back({std::move(entry), query.getColumn(7).getInt()});
    }
    return rows;
}

void removeEntry(SQLite::Database& database, std::int64_t id) {
    SQLite::Statement remove(database, "DELETE FROM entry WHERE id = ?");
    remove.bind(1, id);
    remove.exec();
}

void markClaimed(SQLite::Database& database, QueueEntry& entry) {
    entry.claimedBy = process::self();
    SQLite::Statement claim(database, "UPDATE entry SET pid = ?, start_time = ?, attempts = attempts + 1 WHERE id = ?");
    SQLite::bind(claim, static_cast<std::int64_t>(entry.claimedBy.pid),
                 static_cast<std::int64_t>(entry.claimedBy.startTime), entry.id);
    claim.exec();
}

bool isClaimed(const QueueEntry& entry) { return entry.claimedBy.pid != 0 && process::isAlive(entry.claimedBy); }

}  // namespace

struct Queue::Parts {
    std::filesystem::path path;
    SharedDatabase database;

    SQLite::Database& connection() const { return *database; }
};

Queue::Queue(const Home& home, OpenOptions options)
    : m_parts(new Parts{home.queue(), SharedDatabase(home.queue(), schema(), options)}) {}
Queue::~Queue() = default;
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;

std::int64_t Queue::enqueue(const RunFolder& run, const std::string& device, StartMode mode) {
    std::int64_t id = 0;
    SQLite::Database& database = m_parts->connection();
    writing(m_parts->path, database, [&] {
        SQLite::Statement insert(database,
                                 "INSERT OR IGNORE INTO entry (run, device, mode, created) VALUES (?, ?, ?, ?)");
        SQLite::bind(insert, run.path().string(), device, mode == StartMode::Resume ? "resume" : "start", now());
        insert.exec();
        SQLite::Statement query(database, "SELECT id FROM entry WHERE run = ?");
        query.bind(1, run.path().string());
        if (query.executeStep()) id = query.getColumn(0).getInt64();
    });
    return id;
}

std::optional<QueueEntry> Queue::claim(const std::string& device) {
    std::optional<QueueEntry> claimed;
    SQLite::Database& database = m_parts->connection();
    writing(m_parts->path, database, [&] {
        SQLite::Statement query(database, std::string(kSelect) + "WHERE device = ? ORDER BY id");
        query.bind(1, device);
        for (auto& [entry, attempts] : rowsOf(query)) {
            const bool mine = entry.claimedBy == process::self();
            if (isClaimed(entry) && !mine) continue;
            if (attempts >= kMostAttempts || !std::filesystem::exists(entry.run.path())) {
                removeEntry(database, entry.id);
                continue;
            }
            markClaimed(database, entry);
            claimed = std::move(entry);
            return;
        }
    });
    return claimed;
}

void Queue::remove(std::int64_t entryId) {
    writing(m_parts->path, m_parts->connection(), [&] { removeEntry(m_parts->connection(), entryId); });
}

bool Queue::cancel(const RunFolder& run) {
    bool removed = false;
    writing(m_parts->path, m_parts->connection(), [&] {
        SQLite::Statement query(m_parts->connection(), std::string(kSelect) + "WHERE run = ?");
        query.bind(1, run.path().string());
        const auto rows = rowsOf(query);
        if (rows.empty() || isClaimed(rows.front().entry)) return;
        removeEntry(m_parts->connection(), rows.front().entry.id);
        removed = true;
    });
    return removed;
}

std::vector<QueueEntry> Queue::list(const std::string& device) const {
    return guarded(m_parts->path, [&] {
        SQLite::Statement query(m_parts->connection(),
                                std::string(kSelect) + "WHERE ?1 = '' OR device = ?1 ORDER BY id");
        query.bind(1, device);
        std::vector<QueueEntry> entries;
        for (auto& row : rowsOf(query)) entries.push_back(std::move(row.entry));
        return entries;
    });
}

std::optional<QueueEntry> Queue::find(const RunFolder& run) const {
    for (QueueEntry& entry : list())
        if (entry.run.path() == run.path()) return std::move(entry);
    return std::nullopt;
}

std::int64_t Queue::position(const RunFolder& run) const {
    const auto own = find(run);
    if (!own) return 0;
    std::int64_t before = 0;
    for (const QueueEntry& entry : list(own->device))
        if (entry.id < own->id && !isClaimed(entry)) ++before;
    return before;
}

std::int64_t Queue::dataVersion() const {
    return guarded(m_parts->path, [&] { return m_parts->database.dataVersion(); });
}

}  // namespace headroom::store
