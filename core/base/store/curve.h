// SPDX-License-Identifier: Apache-2.0
// Inside the store only: parts of a series out of its chunks.
#pragma once
#include "base/store/run_database.h"
#include "base/store/run_reader.h"

namespace headroom::store {

/// The series that is read, for messages and positions.
struct CurveSource {
    SQLite::Database& database;
    const SeriesInfo& series;
    const RunId& run;
};

/// Positions of points, [begin, end).
struct Span {
    std::int64_t begin = 0, end = 0;
    std::int64_t size() const { return end - begin; }
};

/// The points of the span that can be read, and the gaps.
Curve readPoints(const CurveSource& source, Span span);
/// As RunReader::read().
Curve readCurve(const CurveSource& source, const Range& range, std::int64_t maxPoints);

}  // namespace headroom::store
