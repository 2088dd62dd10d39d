// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/csv_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/checked.h"
#include "engine/formats/csv_cells.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kShownCells = 5;
using Row = std::vector<std::string>;

std::string number(std::int64_t value) { return groupedUnsigned(static_cast<std::uint64_t>(value)); }

std::string excerptOf(std::string_view cell) {
    constexpr std::size_t kShown = 40;
    if (cell.size() <= kShown) return escaped(cell);
    std::size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(cell[end]) & 0xC0) == 0x80) --end;
    return escaped(cell.substr(0, end)) + "...";
}

void remember(std::vector<CellAddress>& cells, std::string_view cell, std::int64_t line) {
    if (cells.size() < kShownCells) cells.push_back({line, excerptOf(cell)});
}

/// First rows, as many as tell a header from data.
std::vector<Row> firstRows(CsvScanner& scanner) {
    constexpr std::size_t kRows = 200;
    constexpr std::size_t kCells = 200'000;
    std::vector<Row> rows;
    std::size_t cells = 0;
    while (rows.size() < kRows && cells < kCells && scanner.next()) {
        if (scanner.isBlank()) continue;
        rows.emplace_back(scanner.fields().begin(), scanner.fields().end());
        cells += rows.back().size();
    }
    return rows;
}

Cell classOf(const std::string& cell) {
    double ignored = 0;
    return classify(cell, ignored);
}

bool isNumeric(Cell cell) { return cell == Cell::Number || cell == Cell::AlmostNumber; }

/// A word above numbers.
bool namesNumbers(const std::vector<Row>& rows, std::size_t column) {
    if (classOf(rows.front()[column]) != Cell::Text) return false;
    std::size_t numbers = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const Cell cell = column < rows[i].size() ? classOf(rows[i][column]) : Cell::Missing;
        if (cell == Cell::Text) return false;
        numbers += isNumeric(cell) ? 1 : 0;
    }
    return numbers > 0;
}

/// A word that no row below repeats, above words that repeat.
bool namesWords(const std::vector<Row>& rows, std::size_t column, bool& repeats) {
    std::set<std::string_view> below;
    std::size_t cells = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (column >= rows[i].size()) continue;
        below.insert(rows[i][column]);
        ++cells;
    }
    repeats = repeats || below.size() < cells;
    return !below.contains(rows.front()[column]);
}

/// A header is a row of words above a column of numbers; in a table of words alone, words that occur only there.
bool looksLikeHeader(const std::vector<Row>& rows) {
    const Row& first = rows.front();
    const bool numbers =
        std::any_of(first.begin(), first.end(), [](const auto& cell) { return isNumeric(classOf(cell)); });
    const bool words =
        std::any_of(first.begin(), first.end(), [](const auto& cell) { return classOf(cell) == Cell::Text; });
    if (!words) return false;
    if (rows.size() == 1) return !numbers;
    for (std::size_t column = 0; column < first.size(); ++column)
        if (namesNumbers(rows, column)) return true;
    if (numbers) return false;
    bool repeats = false;
    for (std::size_t column = 0; column < first.size(); ++column)
        if (!namesWords(rows, column, repeats)) return false;
    return repeats;
}

void requireDistinctNames(const std::vector<std::string>& names, const std::string& subject) {
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto [earlier, added] = seen.emplace(names[i], i);
        if (added) continue;
        throw Error({Code::Csv09, subject, "two columns have the same name",
                     fmt::format("\"{}\" in columns {} and {}", excerptOf(names[i]), earlier->second, i), "",
                     "Rename one of them."});
    }
}

[[noreturn]] void refuseFieldCount(const CsvScanner& scanner, const CsvSurvey& survey, const std::string& subject) {
    throw Error(
        {Code::Csv01, subject, "a row has another number of fields",
         fmt::format("line {} has {}", number(scanner.line()), countOf(scanner.fields().size(), "field", "fields")),
         fmt::format("the {} has {}", survey.layout.header ? "header" : "first row",
                     groupedUnsigned(survey.columns.size())),
         "Correct that line."});
}

std::string listed(const std::vector<CellAddress>& cells, std::int64_t total) {
    std::string text;
    for (const CellAddress& cell : cells)
        text += fmt::format("{}line {}{}", text.empty() ? "" : ", ", number(cell.line),
                            cell.excerpt.empty() ? " (empty)" : fmt::format(" \"{}\"", cell.excerpt));
    const auto shown = static_cast<std::int64_t>(cells.size());
    return total > shown ? fmt::format("{} and {} more", text, number(total - shown)) : text;
}

void checkTarget(const CsvSurvey& survey, std::size_t target, bool targetIsNumber, const std::string& subject) {
    const ColumnSurvey& column = survey.columns[target];
    const std::string name = fmt::format("column \"{}\"", excerptOf(survey.layout.names[target]));
    if (column.missing > 0)
        throw Error({Code::Csv07, subject, fmt::format("the target {} has empty cells", name),
                     listed(column.missingCells, column.missing), "every row needs a value",
                     "Fill in or remove these rows, or choose another target."});
    using enum ColumnSurvey::Asked;
    const bool mostlyNumbers = column.asked == Any && column.numbers > column.texts;
    if (column.texts > 0 && (targetIsNumber || column.asked == Number || mostlyNumbers))
        throw Error({Code::Csv07, subject, fmt::format("the target {} holds cells that are not numbers", name),
                     listed(column.textCells, column.texts), "numbers allowed",
                     "Correct these cells, or choose another target."});
}

/// A few words in a column of numbers are a mistake that would otherwise turn the whole column into names.
bool holdsFewWords(const ColumnSurvey& column) {
    constexpr std::int64_t kEnoughNumbers = 20;
    constexpr std::int64_t kShare = 20;
    return column.texts > 0 && column.numbers >= kEnoughNumbers && column.texts * kShare <= column.present();
}

void checkNumbers(const CsvSurvey& survey, std::size_t index, const std::string& subject) {
    const ColumnSurvey& column = survey.columns[index];
    using enum ColumnSurvey::Asked;
    const bool unusable = column.texts == 0 && column.almost > 0;
    const bool words = column.asked == Number ? column.texts > 0 : holdsFewWords(column);
    if (column.asked == Text || (!unusable && !words)) return;
    throw Error({Code::Csv08, subject,
                 fmt::format("column \"{}\" holds cells that are not plain decimal numbers",
                             excerptOf(survey.layout.names[index])),
                 unusable ? listed(column.almostCells, column.almost) : listed(column.textCells, column.texts),
                 "numbers such as -1.5 or 2e3 allowed", "Correct these cells or leave them empty."});
}

}  // namespace

void ColumnSurvey::add(std::string_view cell, std::int64_t line) {
    double value = 0;
    switch (classify(cell, value)) {
        case Cell::Missing:
            ++missing;
            return remember(missingCells, cell, line);
        case Cell::Number:
            ++numbers;
            whole = whole && value == std::trunc(value);
            return;
        case Cell::AlmostNumber:
            ++almost;
            return remember(almostCells, cell, line);
        case Cell::Text:
            ++texts;
            return remember(textCells, cell, line);
    }
}

CsvLayout readLayout(CsvScanner& scanner, std::optional<bool> asked, const std::string& subject) {
    const std::vector<Row> rows = firstRows(scanner);
    if (rows.empty())
        throw Error({Code::Csv10, subject, "no rows", "the file is empty", "", "Choose a table with rows."});
    CsvLayout layout{asked.value_or(looksLikeHeader(rows)), {}};
    for (std::size_t i = 0; i < rows.front().size(); ++i) {
        const std::string& cell = rows.front()[i];
        layout.names.push_back(layout.header && !cell.empty() ? cell : fmt::format("column_{}", i));
    }
    requireDistinctNames(layout.names, subject);
    return layout;
}

CsvSurvey survey(CsvScanner& scanner, CsvLayout layout, const std::string& subject) {
    CsvSurvey result{std::move(layout), 0, {}};
    result.columns.resize(result.layout.names.size());
    bool header = result.layout.header;
    while (scanner.next()) {
        if (scanner.isBlank() && (result.columns.size() > 1 || header)) continue;
        if (scanner.fields().size() != result.columns.size()) refuseFieldCount(scanner, result, subject);
        if (std::exchange(header, false)) continue;
        ++result.rows;
        for (std::size_t i = 0; i < result.columns.size(); ++i)
            result.columns[i].add(scanner.fields()[i], scanner.line());
    }
    if (result.rows == 0)
        throw Error({Code::Csv10, subject, "no rows", "only a header", "", "Choose a table with rows."});
    return result;
}

void checkColumns(const CsvSurvey& survey, std::size_t target, bool targetIsNumber, const std::string& subject) {
    if (target < survey.columns.size()) checkTarget(survey, target, targetIsNumber, subject);
    for (std::size_t i = 0; i < survey.columns.size(); ++i) checkNumbers(survey, i, subject);
}

}  // namespace headroom::formats
