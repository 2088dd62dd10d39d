// SPDX-License-Identifier: Apache-2.0
#include "base/store/shared_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace headroom::store {
namespace {

Failure cannotWrite(const std::filesystem::path& path) {
    return {.code = Code::Dsk02,
            .subject = escaped(path.filename().string()),
            .problem = "its folder cannot be written; opened read-only",
            .found = {},
            .allowed = {},
            .remedy = {}};
}

bool writableFolder(const std::filesystem::path& path) {
    return ::faccessat(AT_FDCWD, path.parent_path().c_str(), W_OK, AT_EACCESS) == 0;
}

/// An empty file is a database that was never begun.
bool isThere(const std::filesystem::path& path) {
    return std::filesystem::exists(path) && std::filesystem::file_size(path) > 0;
}

}  // namespace

SharedDatabase::SharedDatabase(const std::filesystem::path& path, const Schema& schema, const OpenOptions& options) {
    guarded(path, [&] {
        const bool there = isThere(path);
        m_readOnly = !writableFolder(path);
        if (m_readOnly) m_notices.push_back(cannotWrite(path));
        if (!there && m_readOnly) return openMemory(schema, options);
        if (there) requireDatabaseFile(path, Code::Sto02);
        m_database = openDatabase(path, m_readOnly ? Access::ReadOnly : Access::Create, options);
        const Identity identity = identify(*m_database);
        if (there && identity != Identity{}) requireOurs(identity, schema, path);
        if (identity.version > schema.version()) {
            m_notices.push_back(newerVersion(identity, schema, path));
            m_readOnly = true;
        } else if (sqlite3_db_readonly(m_database->getHandle(), "main") == 1 && !m_readOnly) {
            m_notices.push_back(cannotWrite(path));
            m_readOnly = true;
        }
        if (!m_readOnly) migrate(*m_database, schema);
    });
}

/// Nothing is there and nothing can be made: the same tables, for this object only.
void SharedDatabase::openMemory(const Schema& schema, const OpenOptions& options) {
    m_database = openDatabase({}, Access::Create, options, "file::memory:");
    migrate(*m_database, schema);
}

}  // namespace headroom::store
