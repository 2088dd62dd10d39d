// SPDX-License-Identifier: Apache-2.0
// Inside the store only: catalogue and queue, which several processes write.
#pragma once
#include "base/store/database.h"

namespace headroom::store {

/// Opens such a database for reading and writing, made where it is missing: rollback journal, short transactions, waits
/// for others up to 5 s.
class SharedDatabase {
public:
    /// Throws DB-01, DB-02, DB-03, STO-02. Where it cannot be written, or is of a newer version, readOnly() holds.
    SharedDatabase(const std::filesystem::path& path, const Schema& schema, const OpenOptions& options);

    SQLite::Database& operator*() const { return *m_database; }
    SQLite::Database* operator->() const { return m_database.get(); }
    bool readOnly() const { return m_readOnly; }
    const std::vector<Failure>& notices() const { return m_notices; }
    std::int64_t dataVersion() const { return m_database->execAndGet("PRAGMA data_version").getInt64(); }

private:
    void openMemory(const Schema& schema, const OpenOptions& options);

    std::unique_ptr<SQLite::Database> m_database;
    std::vector<Failure> m_notices;
    bool m_readOnly = false;
};

/// Runs `work` as one transaction that has the right to write from its start, so that it never fails half-way.
template <class Work>
void writing(const std::filesystem::path& path, SQLite::Database& database, Work&& work) {
    guarded(path, [&] {
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        work();
        transaction.commit();
    });
}

}  // namespace headroom::store
