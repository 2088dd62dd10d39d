// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/formats/csv.h"
#include "engine/formats/csv_scanner.h"

namespace headroom::formats {

/// A cell that a message shows.
struct CellAddress {
    std::int64_t line = 0;
    std::string excerpt;
};

/// What the first pass finds out about a column.
struct ColumnSurvey {
    std::int64_t missing = 0, numbers = 0, almost = 0, texts = 0;
    bool whole = true;
    enum class Asked { Any, Number, Text } asked = Asked::Any;  ///< what it must be, where that is known beforehand
    std::vector<CellAddress> missingCells, almostCells, textCells;  ///< the first five each

    std::int64_t present() const { return numbers + almost + texts; }
    void add(std::string_view cell, std::int64_t line);
};

/// Where the rows begin and what the columns are called.
struct CsvLayout {
    bool header = false;
    std::vector<std::string> names;
};

struct CsvSurvey {
    CsvLayout layout;
    std::int64_t rows = 0;
    std::vector<ColumnSurvey> columns;
};

/// Whether the first row is a header (`asked`, or found out from the first rows), and the names. Throws CSV-09, CSV-10.
CsvLayout readLayout(CsvScanner& scanner, std::optional<bool> asked, const std::string& subject);

/// Goes through all rows. Throws CSV-01, CSV-10 and what the scanner throws.
CsvSurvey survey(CsvScanner& scanner, CsvLayout layout, const std::string& subject);

/// Throws CSV-07 or CSV-08 where cells of a column cannot be used for what it is. `target` behind the last column: there is none.
void checkColumns(const CsvSurvey& survey, std::size_t target, bool targetIsNumber, const std::string& subject);

}  // namespace headroom::formats
