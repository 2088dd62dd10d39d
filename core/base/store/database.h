// SPDX-License-Identifier: Apache-2.0
// Inside the store only: what its databases have in common.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/errors/error.h"
#include "base/store/open_options.h"

namespace headroom::store {

/// One kind of file of ours: how to know it, and how its tables came to be. Step i leads from user_version i to i + 1.
struct Schema {
    std::int32_t applicationId;
    std::span<const char* const> steps;

    int version() const { return static_cast<int>(steps.size()); }
};

struct Identity {
    std::int32_t applicationId = 0;
    int version = 0;
    bool operator==(const Identity&) const = default;
};

enum class Access { ReadOnly, ReadWrite, Create };

/// Opens and hardens: nothing in the file is run (triggers, views, functions in its schema), sizes are bounded. `uri`
/// is a "file:" address where a plain path does not say enough.
std::unique_ptr<SQLite::Database> openDatabase(const std::filesystem::path& path, Access access,
                                               const OpenOptions& options, const std::string& uri = {});

/// "file:/a%20b?immutable=1".
std::string fileUri(const std::filesystem::path& path, const std::string& parameters);

/// DB-01 for what is too small to be a database; DSK-02 or `missing` where it is not there. Does not open the file:
/// closing any descriptor of a database would drop the locks that this process holds on it.
void requireDatabaseFile(const std::filesystem::path& path, Code missing);

Identity identify(SQLite::Database& database);
/// DB-02 where the file is another program's.
void requireOurs(const Identity& identity, const Schema& schema, const std::filesystem::path& path);
/// The notice, or error, that a newer version made the file.
Failure newerVersion(const Identity& identity, const Schema& schema, const std::filesystem::path& path);
/// Brings a file to the present version, in one transaction. A new one gets its application_id.
void migrate(SQLite::Database& database, const Schema& schema);

/// `pragma` with an answer of one text, as "PRAGMA journal_mode=WAL".
std::string pragma(SQLite::Database& database, const std::string& text);

/// The error of ours for one of SQLite's; `subject` is the file's name.
Error translated(const SQLite::Exception& exception, const std::filesystem::path& path);

/// Runs `work`; what SQLite throws in it becomes an error of ours about `path`.
template <class Work>
decltype(auto) guarded(const std::filesystem::path& path, Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const SQLite::Exception& exception) {
        throw translated(exception, path);
    }
}

/// Seconds since 1970.
double now();

}  // namespace headroom::store
