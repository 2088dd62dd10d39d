// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/errors/error.h"
#include "base/store/open_options.h"
#include "base/store/run_folder.h"
#include "base/store/run_summary.h"
#include "base/store/series.h"

namespace headroom::store {

/// The part of an axis to read; both ends belong to it.
struct Range {
    Axis axis = Axis::Step;
    double from = -std::numeric_limits<double>::infinity();
    double to = std::numeric_limits<double>::infinity();
};

/// How far newSince() has read. Starts empty: the first answer then holds everything.
struct Cursor {
    std::int64_t commit = -1;
    std::int64_t rewind = 0;
    std::int64_t event = 0;
    std::map<SeriesId, std::int64_t> points;
};

/// What was committed since a cursor.
struct Changes {
    bool any = false;
    bool rewound = false;  ///< the run was resumed from an earlier step: curves must be read again from their start
    std::map<SeriesId, std::vector<Point>> points;
    std::vector<Event> events;
    std::vector<Gap> gaps;
};

/// Reads a run, live or ended, that this or any other process writes. It opens the database read-only for the time of
/// one call, so it never stands in the way of a worker that ends. One thread at a time.
class RunReader {
public:
    /// Throws RUN-01 where there is no such run; DB-01 (not a database), DB-02 (not ours), DB-05 (another database's
    /// write-ahead log beside it), DB-06 (second name), DB-03 (damaged). A database of a newer version, or one in a
    /// folder that cannot be written, is read with a notice.
    explicit RunReader(RunFolder folder, OpenOptions options = {});
    ~RunReader();
    RunReader(RunReader&&) noexcept;
    RunReader& operator=(RunReader&&) noexcept;

    const RunFolder& folder() const;
    const std::vector<Failure>& notices() const;

    std::vector<SeriesInfo> series() const;
    std::optional<SeriesInfo> find(const std::string& name) const;
    /// At most `maxPoints` points or buckets over the range, ordered by step; the neighbours just outside of the range
    /// come too, so that lines leave the picture at the right slope. Costs the same for a thousand points as for
    /// millions. No point is left out: extremes are those of all points.
    Curve read(SeriesId series, const Range& range = {}, std::int64_t maxPoints = 2000) const;
    /// Every point of the range.
    Curve readAll(SeriesId series, const Range& range = {}) const;
    /// What came since; moves the cursor. Costs a fraction of a millisecond where nothing did.
    Changes newSince(Cursor& cursor) const;
    /// The cursor of this moment: newSince() then gives only what comes later.
    Cursor here() const;
    std::vector<Event> events(std::int64_t afterId = 0) const;
    std::vector<Session> sessions() const;

    /// All facts as one object. `fact` gives null where the key is missing.
    nlohmann::json facts() const;
    nlohmann::json fact(const std::string& key) const;
    std::optional<End> end() const;
    /// The run's row for the catalogue, from the folder alone (state not derived). What Catalogue::rebuild() uses.
    RunSummary summary() const;

    /// A consistent copy of the database, also while the run is live. Throws DSK-01, DSK-02.
    void copyTo(const std::filesystem::path& file) const;

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::store
