// SPDX-License-Identifier: Apache-2.0
#include "base/store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>

namespace headroom::store {
namespace {

constexpr int kBusyTimeoutMs = 5000;
/// Below it no SQLite database exists: the header alone has 100 bytes.
constexpr off_t kHeaderBytes = 100;
constexpr int kMaxValueBytes = 64 * 1024 * 1024;  ///< of one value; our largest is a chunk of some ten thousand bytes

int flagsOf(Access access) {
    switch (access) {
        case Access::ReadOnly:
            return SQLite::OPEN_READONLY;
        case Access::ReadWrite:
            return SQLite::OPEN_READWRITE;
        case Access::Create:
            return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    }
    return SQLite::OPEN_READONLY;
}

void harden(SQLite::Database& database) {
    sqlite3* handle = database.getHandle();
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    database.exec("PRAGMA mmap_size=0");  // a file that shrinks under a mapping ends the process
    database.exec("PRAGMA cell_size_check=ON");
}

Failure failureOf(Code code, const std::filesystem::path& path, std::string problem, std::string found,
                  std::string remedy) {
    return {.code = code,
            .subject = escaped(path.filename().string()),
            .problem = std::move(problem),
            .found = std::move(found),
            .allowed = {},
            .remedy = std::move(remedy)};
}

Error notADatabase(const std::filesystem::path& path, std::string found) {
    return Error(failureOf(Code::Db01, path, "not a database", std::move(found),
                           "Restore the file from a backup, or remove it."));
}

}  // namespace

std::unique_ptr<SQLite::Database> openDatabase(const std::filesystem::path& path, Access access,
                                               const OpenOptions& options, const std::string& uri) {
    const int flags = flagsOf(access) | (uri.empty() ? 0 : SQLite::OPEN_URI);
    const std::string name = uri.empty() ? std::filesystem::absolute(path).string() : uri;
    auto database = std::make_unique<SQLite::Database>(name.c_str(), flags, kBusyTimeoutMs,
                                                       options.vfs.empty() ? nullptr : options.vfs.c_str());
    harden(*database);
    return database;
}

std::string fileUri(const std::filesystem::path& path, const std::string& parameters) {
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(path).string()) {
        const bool special = c == '%' || c == '?' || c == '#' || c == ' ';
        uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    return uri + "?" + parameters;
}

void requireDatabaseFile(const std::filesystem::path& path, Code missing) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0)
        throw Error(failureOf(missing, path, "the file is not there", escaped(path.parent_path().string()), {}));
    if (!S_ISREG(info.st_mode)) throw notADatabase(path, "not a regular file");
    if (info.st_size < kHeaderBytes) throw notADatabase(path, fmt::format("{} bytes", info.st_size));
}

Identity identify(SQLite::Database& database) {
    return {database.execAndGet("PRAGMA application_id").getInt(), database.execAndGet("PRAGMA user_version").getInt()};
}

void requireOurs(const Identity& identity, const Schema& schema, const std::filesystem::path& path) {
    if (identity.applicationId == schema.applicationId) return;
    throw Error(failureOf(Code::Db02, path, "a database of another program, or of another kind",
                          fmt::format("application id {:#x}", static_cast<std::uint32_t>(identity.applicationId)),
                          "Put back the file that belongs here."));
}

Failure newerVersion(const Identity& identity, const Schema& schema, const std::filesystem::path& path) {
    return failureOf(Code::Db02, path, "made by a newer version; opened read-only",
                     fmt::format("format {}, this version knows {}", identity.version, schema.version()),
                     "Use the newer version of Headroom to write to it.");
}

void migrate(SQLite::Database& database, const Schema& schema) {
    const int version = identify(database).version;
    if (version >= schema.version()) return;
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    // Another process may have done it while this one waited for the lock.
    for (int step = identify(database).version; step < schema.version(); ++step)
        database.exec(schema.steps[static_cast<std::size_t>(step)]);
    database.exec(fmt::format("PRAGMA application_id={}", schema.applicationId));
    database.exec(fmt::format("PRAGMA user_version={}", schema.version()));
    transaction.commit();
}

std::string pragma(SQLite::Database& database, const std::string& text) {
    return database.execAndGet(text).getString();
}

Error translated(const SQLite::Exception& exception, const std::filesystem::path& path) {
    const std::string folder = escaped(path.parent_path().string());
    const std::string found = exception.getErrorStr();
    switch (exception.getErrorCode()) {
        case SQLITE_FULL:
            return Error(failureOf(Code::Dsk01, path, "the disk is full; nothing that was committed is lost", {},
                                   fmt::format("Free some space in {}.", folder)));
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return Error(failureOf(Code::Dsk02, path, "it cannot be written", found,
                                   fmt::format("Check the disk and the rights of {}.", folder)));
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error(failureOf(Code::Sto03, path, "another process keeps it locked", {}, "Try again."));
        case SQLITE_NOTADB:
            return notADatabase(path, "no database header");
        case SQLITE_CORRUPT:
            return Error(failureOf(Code::Db03, path, "the database is damaged", found, "Restore it from a backup."));
        default:
            return Error(failureOf(Code::Sto02, path, "it cannot be opened or read", found,
                                   fmt::format("Check the rights of {}.", folder)));
    }
}

double now() {
    using namespace std::chrono;
    return static_cast<double>(duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()) * 1e-6;
}

}  // namespace headroom::store
