// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/VariadicBind.h>

#include <array>

#include "base/store/catalogue_parts.h"

namespace headroom::store {
namespace {

constexpr std::array kKinds{RequestKind::Pause, RequestKind::Stop, RequestKind::Checkpoint, RequestKind::LearningRate};

void drop(SQLite::Database& database, const RunId& run, const char* kind) {
    SQLite::Statement statement(database, "DELETE FROM request WHERE run = ? AND kind = ?");
    SQLite::bind(statement, run, kind);
    statement.exec();
}

}  // namespace

std::string_view word(RequestKind kind) {
    switch (kind) {
        case RequestKind::Pause:
            return "pause";
        case RequestKind::Stop:
            return "stop";
        case RequestKind::Checkpoint:
            return "checkpoint";
        case RequestKind::LearningRate:
            return "lr";
    }
    return {};
}

void Catalogue::request(const RunId& run, RequestKind kind, double value) {
    SQLite::Database& database = **m_parts->database;
    writing(m_parts->path, database, [&] {
        drop(database, run, word(kind).data());
        SQLite::Statement insert(database, "INSERT INTO request (run, kind, value, created) VALUES (?, ?, ?, ?)");
        SQLite::bind(insert, run, word(kind).data(), value, now());
        insert.exec();
    });
}

std::vector<Request> Catalogue::pending(const RunId& run) const {
    return guarded(m_parts->path, [&] {
        std::vector<Request> all;
        SQLite::Statement query(
            **m_parts->database,
            "SELECT id, run, kind, value, created FROM request WHERE ?1 = '' OR run = ?1 ORDER BY id");
        query.bind(1, run);
        while (query.executeStep()) {
            Request request{query.getColumn(0).getInt64(), query.getColumn(1).getString(), RequestKind::Pause,
                            query.getColumn(3).getDouble(), query.getColumn(4).getDouble()};
            const std::string kind = query.getColumn(2).getString();
            for (const RequestKind known : kKinds) {
                if (kind != word(known)) continue;
                request.kind = known;
                all.push_back(request);
            }
        }
        return all;
    });
}

void Catalogue::answered(std::int64_t requestId) {
    writing(m_parts->path, **m_parts->database, [&] {
        SQLite::Statement statement(**m_parts->database, "DELETE FROM request WHERE id = ?");
        statement.bind(1, requestId);
        statement.exec();
    });
}

void Catalogue::dropRequests(const RunId& run) {
    writing(m_parts->path, **m_parts->database, [&] {
        SQLite::Statement statement(**m_parts->database, "DELETE FROM request WHERE run = ?");
        statement.bind(1, run);
        statement.exec();
    });
}

}  // namespace headroom::store
