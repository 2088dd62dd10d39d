// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/store/run_database.h"

namespace headroom::store {
namespace {

constexpr std::int32_t kApplicationId = 0x4852726E;  // "HRrn"

// A released step is never edited: a change is a new step at the end.
constexpr std::array kSteps{R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE session (
    id INTEGER PRIMARY KEY, start REAL NOT NULL, last_commit REAL NOT NULL, pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL, from_step INTEGER NOT NULL);
CREATE TABLE run_end (
    id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL, reason TEXT NOT NULL, code TEXT NOT NULL,
    wall_time REAL NOT NULL, metrics TEXT NOT NULL);
CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, wall_time REAL NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    details TEXT NOT NULL);
CREATE TABLE series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL,
    first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, first_epoch REAL NOT NULL, last_epoch REAL NOT NULL,
    first_samples INTEGER NOT NULL, last_samples INTEGER NOT NULL, first_time REAL NOT NULL, last_time REAL NOT NULL,
    checksum INTEGER NOT NULL, data BLOB NOT NULL);
)sql"};

}  // namespace

const Schema& runSchema() {
    static const Schema schema{kApplicationId, kSteps};
    return schema;
}

void createRunDatabase(const std::filesystem::path& file, const Birth& birth, const OpenOptions& options) {
    guarded(file, [&] {
        const auto database = openDatabase(file, Access::Create, options);
        migrate(*database, runSchema());
        SQLite::Transaction transaction(*database);
        writeMeta(*database, "id", birth.id);
        writeMeta(*database, "created", fmt::format("{:.6f}", birth.created));
        writeMeta(*database, "parent", birth.parent);
        writeMeta(*database, "relation", birth.relation);
        writeMeta(*database, "commits", "0");
        writeMeta(*database, "rewinds", "0");
        transaction.commit();
    });
}

std::string readMeta(SQLite::Database& database, const char* key) {
    SQLite::Statement query(database, "SELECT value FROM meta WHERE key = ?");
    query.bind(1, key);
    return query.executeStep() ? query.getColumn(0).getString() : std::string{};
}

void writeMeta(SQLite::Database& database, const char* key, const std::string& value) {
    SQLite::Statement statement(
        database, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    statement.bind(1, key);
    statement.bind(2, value);
    statement.exec();
}

}  // namespace headroom::store
