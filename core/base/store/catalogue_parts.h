// SPDX-License-Identifier: Apache-2.0
// Inside the store only.
#pragma once
#include <optional>

#include "base/store/catalogue.h"
#include "base/store/run_reader.h"
#include "base/store/shared_database.h"

namespace headroom::store {

const Schema& catalogueSchema();

enum class NotesPart { Keep, Replace };

/// A row and what its folder looked like when it was read from there; 0 = published by a worker.
struct RunRow {
    RunSummary summary;
    std::int64_t seen = 0;
};

std::vector<RunRow> readRows(SQLite::Database& database);
/// With NotesPart::Keep a row that is there keeps its name, tags, colour, pin and trash: a worker does not know them.
void writeRow(SQLite::Database& database, const RunRow& row, NotesPart notes);
void removeRow(SQLite::Database& database, const RunId& id);

/// Changes when a worker has written to the run's database.
std::int64_t fingerprint(const RunFolder& run);

struct Catalogue::Parts {
    Parts(const Project& ofProject, OpenOptions openOptions);

    void openSafely();
    void reconcile();
    std::vector<RunRow> rows() const;
    RunRow fromFolder(const RunId& id);
    bool settle(RunRow& row);

    Project project;
    OpenOptions options;
    std::filesystem::path path;
    std::optional<SharedDatabase> database;
    std::vector<Failure> notices;
};

}  // namespace headroom::store
