// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/VariadicBind.h>
#include <sys/stat.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/store/catalogue_parts.h"

namespace headroom::store {
namespace {

constexpr std::int32_t kApplicationId = 0x48726361;  // "HRca"

// A released step is never edited: a change is a new step at the end.
constexpr std::array kSteps{R"sql(
CREATE TABLE run (
    id TEXT PRIMARY KEY, created REAL NOT NULL, updated REAL NOT NULL,
    end_state TEXT, end_reason TEXT, end_code TEXT, end_time REAL,
    pid INTEGER NOT NULL, under_way INTEGER NOT NULL, arch TEXT NOT NULL, data TEXT NOT NULL, device TEXT NOT NULL,
    epoch REAL NOT NULL, step INTEGER NOT NULL, total_steps INTEGER NOT NULL, samples INTEGER NOT NULL, eta_s REAL,
    metrics TEXT NOT NULL, samples_per_s REAL, wall_s REAL NOT NULL, joules REAL, weights_sha256 TEXT NOT NULL,
    sparkline BLOB NOT NULL, parent TEXT NOT NULL, relation TEXT NOT NULL, seen INTEGER NOT NULL,
    name TEXT NOT NULL, trashed INTEGER NOT NULL, pinned INTEGER NOT NULL, tags TEXT NOT NULL, colour TEXT NOT NULL);
CREATE TABLE request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, kind TEXT NOT NULL, value REAL NOT NULL,
    created REAL NOT NULL);
)sql"};

constexpr const char* kColumns =
    "id, created, updated, end_state, end_reason, end_code, end_time, pid, under_way, arch, data, device, epoch, step, "
    "total_steps, samples, eta_s, metrics, samples_per_s, wall_s, joules, weights_sha256, sparkline, parent, relation, "
    "seen, name, trashed, pinned, tags, colour";

constexpr const char* kPut = R"sql(
INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (id) DO UPDATE SET
    created=excluded.created, updated=excluded.updated, end_state=excluded.end_state, end_reason=excluded.end_reason,
    end_code=excluded.end_code, end_time=excluded.end_time, pid=excluded.pid, under_way=excluded.under_way,
    arch=excluded.arch, data=excluded.data, device=excluded.device, epoch=excluded.epoch, step=excluded.step,
    total_steps=excluded.total_steps, samples=excluded.samples, eta_s=excluded.eta_s, metrics=excluded.metrics,
    samples_per_s=excluded.samples_per_s, wall_s=excluded.wall_s, joules=excluded.joules,
    weights_sha256=excluded.weights_sha256, sparkline=excluded.sparkline, parent=excluded.parent,
    relation=excluded.relation, seen=excluded.seen)sql";
constexpr const char* kPutNotes =
    ", name=excluded.name, trashed=excluded.trashed, pinned=excluded.pinned, tags=excluded.tags, "
    "colour=excluded.colour";

/// Binds one value after another.
class Binder {
public:
    explicit Binder(SQLite::Statement& statement) : m_statement(statement) {}

    template <class Value>
    Binder& operator<<(const Value& value) {
        m_statement.bind(++m_index, value);
        return *this;
    }
    template <class Value>
    Binder& operator<<(const std::optional<Value>& value) {
        if (value) return *this << *value;
        m_statement.bind(++m_index);  // NULL
        return *this;
    }
    Binder& operator<<(const std::vector<float>& values) {
        const void* bytes =
            values.empty() ? static_cast<const void*>("") : values.data();  // a null pointer would be NULL
        m_statement.bind(++m_index, bytes, static_cast<int>(values.size() * sizeof(float)));
        return *this;
    }

private:
    SQLite::Statement& m_statement;
    int m_index = 0;
};

/// Takes one column after another.
class Columns {
public:
    explicit Columns(SQLite::Statement& query) : m_query(query) {}

    std::string text() { return next().getString(); }
    double real() { return next().getDouble(); }
    std::int64_t whole() { return next().getInt64(); }
    bool flag() { return next().getInt() != 0; }
    std::optional<double> optionalReal() {
        const auto column = next();
        return column.isNull() ? std::nullopt : std::optional(column.getDouble());
    }
    std::vector<float> floats() {
        const auto column = next();
        const auto* values = static_cast<const char*>(column.getBlob());
        std::vector<float> all(static_cast<std::size_t>(column.getBytes()) / sizeof(float));
        if (!all.empty()) std::memcpy(all.data(), values, all.size() * sizeof(float));
        return all;
    }

private:
    SQLite::Column next() { return m_query.getColumn(m_index++); }
    SQLite::Statement& m_query;
    int m_index = 0;
};

std::string metricsText(const std::map<std::string, double>& metrics) {
    return nlohmann::json(metrics).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// JSON has no NaN: what is not finite comes back as NaN.
std::map<std::string, double> metricsOf(const std::string& text) {
    std::map<std::string, double> metrics;
    const auto object = nlohmann::json::parse(text, nullptr, false);
    if (!object.is_object()) return metrics;
    for (const auto& [name, value] : object.items())
        metrics[name] = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
    return metrics;
}

std::string tagsText(const std::vector<std::string>& tags) {
    return nlohmann::json(tags).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> tagsOf(const std::string& text) {
    const auto array = nlohmann::json::parse(text, nullptr, false);
    std::vector<std::string> tags;
    if (array.is_array())
        for (const auto& tag : array)
            if (tag.is_string()) tags.push_back(tag.get<std::string>());
    return tags;
}

std::optional<End> endOf(Columns& columns) {
    const std::string state = columns.text();
    End end{EndState::Failed, columns.text(), columns.text(), columns.real()};
    if (state.empty()) return std::nullopt;
    for (const auto known : {EndState::Finished, EndState::Paused, EndState::Diverged})
        if (state == word(known)) end.state = known;
    return end;
}

RunRow rowOf(SQLite::Statement& query) {
    Columns columns(query);
    RunRow row;
    RunSummary& s = row.summary;
    s.id = columns.text();
    s.created = columns.real();
    s.updated = columns.real();
    s.end = endOf(columns);
    s.pid = columns.whole();
    s.underWay = columns.flag();
    s.arch = columns.text();
    s.data = columns.text();
    s.device = columns.text();
    s.progress.epoch = columns.real();
    s.progress.step = columns.whole();
    s.progress.totalSteps = columns.whole();
    s.progress.samples = columns.whole();
    s.progress.etaSeconds = columns.optionalReal();
    s.metrics = metricsOf(columns.text());
    s.samplesPerSecond = columns.optionalReal();
    s.wallSeconds = columns.real();
    s.joules = columns.optionalReal();
    s.weightsSha256 = columns.text();
    s.sparkline = columns.floats();
    s.parent = columns.text();
    s.relation = columns.text();
    row.seen = columns.whole();
    s.name = columns.text();
    s.trashed = columns.flag();
    s.pinned = columns.flag();
    s.tags = tagsOf(columns.text());
    s.colour = columns.text();
    return row;
}

std::int64_t modified(const std::filesystem::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return 0;
    return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

}  // namespace

const Schema& catalogueSchema() {
    static const Schema schema{kApplicationId, kSteps};
    return schema;
}

std::vector<RunRow> readRows(SQLite::Database& database) {
    std::vector<RunRow> rows;
    SQLite::Statement query(database, std::string("SELECT ") + kColumns + " FROM run ORDER BY created DESC, id DESC");
    while (query.executeStep()) rows.push_back(rowOf(query));
    return rows;
}

void writeRow(SQLite::Database& database, const RunRow& row, NotesPart notes) {
    const RunSummary& s = row.summary;
    const auto ofEnd = [&s](auto get) { return s.end ? std::optional(get(*s.end)) : std::nullopt; };
    SQLite::Statement put(database, std::string(kPut) + (notes == NotesPart::Replace ? kPutNotes : ""));
    Binder(put) << s.id << s.created << s.updated << ofEnd([](const End& e) { return std::string(word(e.state)); })
                << ofEnd([](const End& e) { return e.reason; }) << ofEnd([](const End& e) { return e.code; })
                << ofEnd([](const End& e) { return e.wallTime; }) << s.pid << static_cast<int>(s.underWay) << s.arch
                << s.data << s.device << s.progress.epoch << s.progress.step << s.progress.totalSteps
                << s.progress.samples << s.progress.etaSeconds << metricsText(s.metrics) << s.samplesPerSecond
                << s.wallSeconds << s.joules << s.weightsSha256 << s.sparkline << s.parent << s.relation << row.seen
                << s.name << static_cast<int>(s.trashed) << static_cast<int>(s.pinned) << tagsText(s.tags) << s.colour;
    put.exec();
}

void removeRow(SQLite::Database& database, const RunId& id) {
    SQLite::Statement remove(database, "DELETE FROM run WHERE id = ?");
    remove.bind(1, id);
    remove.exec();
}

std::int64_t fingerprint(const RunFolder& run) {
    auto log = run.database();
    log += "-wal";
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(modified(run.database())) * 31 +
                                     static_cast<std::uint64_t>(modified(log)));
}

}  // namespace headroom::store
