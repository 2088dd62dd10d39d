// SPDX-License-Identifier: Apache-2.0
// Inside the store only: how a run's row in the catalogue follows from its folder. Writer and rebuild share it, so a
// rebuilt catalogue equals the one that was lost.
#pragma once
#include <nlohmann/json.hpp>

#include "base/store/run_database.h"
#include "base/store/run_summary.h"

namespace headroom::store {

/// What a summary is made of beside config.json and notes.json.
struct Live {
    Birth birth;
    nlohmann::json facts = nlohmann::json::object();
    std::map<std::string, Point> lasts;  ///< by series name
    std::vector<Session> sessions;
    std::optional<End> end;
    nlohmann::json endMetrics = nlohmann::json::object();
};

/// Name, tags and the like from notes.json; architecture, data and device from config.json. Unreadable files leave
/// their part empty: a list must show the run all the same.
RunSummary birthSummary(const RunFolder& folder);
void fill(RunSummary& summary, const Live& live);
void fillFromDatabase(SQLite::Database& database, RunSummary& summary);

/// The curve in a row of the list: means over equal shares of a growing series, between 32 and 64 of them once there
/// are enough points. A function of the sequence of values alone.
class Sparkline {
public:
    void add(double value);
    std::vector<float> values() const;

private:
    struct Share {
        double sum = 0;
        std::int64_t finite = 0;
    };
    std::vector<Share> m_shares;
    std::int64_t m_stride = 1;
    std::int64_t m_count = 0;
};

}  // namespace headroom::store
