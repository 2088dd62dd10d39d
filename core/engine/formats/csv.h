// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::formats {

enum class ColumnType {
    Numeric,   ///< every cell that is there is a number
    Category,  ///< few distinct texts
    Text       ///< many distinct texts, or long ones
};

/// Texts of one column, kept in one piece.
class TextCells {
public:
    void add(std::string_view cell);
    std::size_t size() const { return m_ends.size(); }
    std::string_view operator[](std::size_t row) const;

private:
    std::string m_bytes;
    std::vector<std::size_t> m_ends;
};

/// One column. Of `numbers`, `codes` and `texts` the one of its type is filled, a cell a row.
struct Column {
    std::string name;
    ColumnType type = ColumnType::Numeric;
    std::vector<double> numbers;          ///< missing: NaN
    std::vector<std::int32_t> codes;      ///< indices into categories; missing: -1
    std::vector<std::string> categories;  ///< sorted by their bytes
    TextCells texts;                      ///< missing: empty
    std::int64_t missing = 0;
    bool whole = false;  ///< numeric: every number is a whole one
};

struct Table {
    std::vector<Column> columns;
    std::int64_t rows = 0;
    bool header = false;  ///< names come from the file; otherwise "column_0", "column_1" ...
    char delimiter = ',';
};

struct CsvLimits {
    std::size_t maxField = 1024 * 1024;     ///< bytes of a quoted field
    std::size_t maxLine = 2 * 1024 * 1024;  ///< bytes of a record
    std::size_t maxColumns = 16384;
    std::size_t maxCategories = 1000;                    ///< distinct texts of a column, beyond which it is text
    std::size_t maxCategoryBytes = 64 << 20;             ///< of all category names together
    std::uint64_t maxDecoded = std::uint64_t{64} << 30;  ///< bytes of a decompressed .csv.gz
};

struct CsvOptions {
    std::optional<bool> header;     ///< not set: found out
    std::optional<char> delimiter;  ///< not set: comma, semicolon or tab, found out
    std::string target;             ///< column whose cells must all be usable: name or 0-based number; empty = last
    bool targetIsNumber = false;    ///< the target must be numeric (regression)
    /// Columns (name or 0-based number) that must hold numbers; all others are then texts, whatever their cells look
    /// like. Not set: found out from the cells.
    std::optional<std::vector<std::string>> numeric;
    CsvLimits limits;
};

/// Reads a table (RFC 4180; LF, CRLF or CR; blanks around fields are trimmed; numbers independent of the locale;
/// missing cells: empty, ?, NA, NaN, null). The file is read twice: once to check it and to find the columns' types in
/// bounded memory, once for the values. `.gz` is decompressed. Throws Error CSV-01 to CSV-11, DAT-03 for an unknown
/// target.
Table readCsv(const std::filesystem::path& path, const CsvOptions& options = {});

/// Index of the column named or numbered by `target` (empty: the last one). Throws DAT-03 that lists the columns.
std::size_t targetColumn(const std::vector<std::string>& names, std::string_view target, const std::string& subject);

/// "a, b, c" for messages, the first 30 names of many: "a, b and 12 more".
std::string columnList(const std::vector<std::string>& names);

/// A cell as text, empty where it is missing; numbers in their shortest form.
std::string cellText(const Column& column, std::size_t row);

/// A cell as spreadsheets may safely open it: text that they would take for a formula gets an apostrophe before it, and
/// what needs quotes is quoted.
std::string csvCell(std::string_view text);

}  // namespace headroom::formats
