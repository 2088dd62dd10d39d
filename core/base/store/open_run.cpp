// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <system_error>

#include "base/store/run_database.h"

namespace headroom::store {
namespace {

std::filesystem::path beside(const std::filesystem::path& file, const char* suffix) {
    auto path = file;
    path += suffix;
    return path;
}

bool hasContent(const std::filesystem::path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return !error && size > 0;
}

bool hasLog(const std::filesystem::path& file) {
    return hasContent(beside(file, "-wal")) || hasContent(beside(file, "-journal"));
}

Error foreignLog(const std::filesystem::path& file) {
    return Error({.code = Code::Db05,
                  .subject = escaped(file.filename().string()),
                  .problem = "the write-ahead log beside it belongs to another database",
                  .found = escaped(beside(file, "-wal").filename().string()),
                  .allowed = {},
                  .remedy = fmt::format("Move that file out of {}; the run then opens as it was last folded in.",
                                        escaped(file.parent_path().string()))});
}

Failure readOnlyFolder(const RunFolder& folder) {
    return {.code = Code::Dsk02,
            .subject = folder.id(),
            .problem = "its folder cannot be written; opened read-only",
            .found = {},
            .allowed = {},
            .remedy = {}};
}

/// The run that the main file alone, without any log beside it, says it is.
std::string idWithoutLog(const std::filesystem::path& file, const OpenOptions& options) {
    const auto database = openDatabase(file, Access::ReadOnly, options, fileUri(file, "immutable=1"));
    return readMeta(*database, "id");
}

/// A rollback journal whose writer was killed: who may write undoes it, a reader must not.
bool mustBeRolledBack(const SQLite::Exception& exception) { return exception.getExtendedErrorCode() == SQLITE_READONLY_ROLLBACK; }

/// What SQLite answers where it cannot make the files that a database with a log needs beside it.
bool cannotMakeFiles(const SQLite::Exception& exception) {
    const int code = exception.getErrorCode();
    return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

}  // namespace

OpenRun::Copy::Copy(const std::filesystem::path& database) {
    static std::atomic<unsigned> counter{0};
    folder = std::filesystem::temp_directory_path() / fmt::format("headroom-{}-{}", ::getpid(), counter++);
    std::filesystem::create_directories(folder);
    file = folder / database.filename();
    for (const char* suffix : {"", "-wal", "-journal"})
        if (std::filesystem::exists(beside(database, suffix)))
            std::filesystem::copy_file(beside(database, suffix), beside(file, suffix));
}

OpenRun::Copy::~Copy() {
    std::error_code ignored;  // a leftover in the temporary folder does no harm
    std::filesystem::remove_all(folder, ignored);
}

OpenRun::OpenRun(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices) {
    requireDatabaseFile(folder.database(), Code::Run01);
    guarded(folder.database(), [&] {
        connect(folder, options, notices);
        m_database->exec("BEGIN");
        check(folder, options, notices);
    });
}

void OpenRun::connect(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices) {
    try {
        m_database = openDatabase(folder.database(), Access::ReadOnly, options);
        // The first look into the file is what needs the log's index beside it.
        identify(*m_database);
    } catch (const SQLite::Exception& exception) {
        if (mustBeRolledBack(exception)) return connectCopy(folder);
        if (!cannotMakeFiles(exception)) throw;
        connectWithoutWriting(folder, options, notices);
    }
}

void OpenRun::connectWithoutWriting(const RunFolder& folder, const OpenOptions& options,
                                    std::vector<Failure>& notices) {
    notices.push_back(readOnlyFolder(folder));
    m_database.reset();
    if (!hasLog(folder.database())) {
        m_database =
            openDatabase(folder.database(), Access::ReadOnly, options, fileUri(folder.database(), "immutable=1"));
        return;
    }
    connectCopy(folder);
}

void OpenRun::connectCopy(const RunFolder& folder) {
    m_database.reset();
    m_copy = std::make_unique<Copy>(folder.database());
    m_database = openDatabase(m_copy->file, Access::ReadWrite, {});
}

void OpenRun::check(const RunFolder& folder, const OpenOptions& options, std::vector<Failure>& notices) {
    const auto& file = folder.database();
    const Identity identity = identify(*m_database);
    requireOurs(identity, runSchema(), file);
    if (identity.version > runSchema().version()) notices.push_back(newerVersion(identity, runSchema(), file));
    requireOnlyName(file, pragma(*m_database, "PRAGMA journal_mode") == "wal");
    // A log carries every commit's `meta` page. So a foreign one shows as another run's id than the main file has; a
    // folder that was merely renamed has the same foreign id in both.
    const std::string id = readMeta(*m_database, "id");
    if (id != folder.id() && hasLog(file) && idWithoutLog(file, options) != id) throw foreignLog(file);
}

void requireOnlyName(const std::filesystem::path& file, bool usesLog) {
    struct stat info {};
    const bool link = std::filesystem::is_symlink(file);
    const bool second = ::stat(file.c_str(), &info) == 0 && info.st_nlink > 1;
    if (!usesLog || (!link && !second)) return;
    throw Error({.code = Code::Db06,
                 .subject = escaped(file.filename().string()),
                 .problem = "the database has a second name, and its latest changes lie beside only one of them",
                 .found = link ? "a symbolic link" : fmt::format("{} hard links", info.st_nlink),
                 .allowed = {},
                 .remedy = "Open it under its own name, or make a copy in place of the link."});
}

}  // namespace headroom::store
