// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/table_source.h"
#include "engine/formats/dataset.h"

namespace headroom::data {

/// Of the numbers of a column in the training rows.
struct Statistics {
    double mean = 0, deviation = 1;  ///< a column that never varies has deviation 1
    std::vector<double> deciles;     ///< 11 of them; none where no row has a value
    std::int64_t missing = 0;        ///< training rows without a value
};

/// How one column becomes features.
struct ColumnEncoding {
    std::string name;
    formats::ColumnType type = formats::ColumnType::Numeric;
    bool missing = false;  ///< the last feature is 1 in rows without a value
    Statistics numbers{};  ///< numeric
    std::vector<std::string> categories{};
    std::vector<std::int64_t> counts{};  ///< training rows of each category, then of those without a value

    std::int64_t features() const;
};

/// How the rows of a table become features, learnt from the training rows:
///   numbers     (value - mean) / deviation; a missing one is the mean, and a column where any is missing gets a second
///               feature that is 1 there
///   categories  one feature each, "missing" being one of them; a category that no training row has gives no feature a 1
///   free text   left out
struct TableEncoding {
    std::vector<ColumnEncoding> columns;  ///< in order of the table, without its target
    std::string target;
    std::optional<Statistics> values;  ///< of the target, regression

    std::int64_t features() const;
};

TableEncoding learn(const formats::RawTable& raw, std::span<const std::int64_t> training);

/// Where the columns of an encoding lie in a table.
using ColumnPlaces = std::vector<std::size_t>;
/// In the table that it was learnt from.
ColumnPlaces placesOf(const formats::RawTable& raw);
/// In another table: by name, in any order; by position where the names of the encoding are those that tables without a
/// header get, and `table` has other ones. Throws DAT-03 that names the first column that is not there.
ColumnPlaces findColumns(const TableEncoding& encoding, const formats::Table& table, const std::string& subject);
/// Position of a column that has its name from there ("column_3"); nothing for other names.
std::optional<std::size_t> positionIn(const std::string& name);
/// All names are those that tables without a header get.
bool isUnnamed(const TableEncoding& encoding);

enum class RawColumns { Drop, Keep };

/// The rows of any table with these columns, by the statistics of the encoding alone. Throws CSV-08 that names the column
/// where a column of numbers holds texts. Labels are taken as they are.
TableStore apply(const TableEncoding& encoding, const formats::RawTable& raw, const ColumnPlaces& places,
                 const std::string& subject, RawColumns rawColumns = RawColumns::Drop);

}  // namespace headroom::data
