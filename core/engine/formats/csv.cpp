// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/csv_cells.h"
#include "engine/formats/csv_rows.h"
#include "engine/formats/csv_survey.h"
#include "engine/formats/file.h"

namespace headroom::formats {
namespace {

/// Holds a decompressed table to its limit: a small .gz may hold any amount.
class LimitedStream final : public ByteStream {
public:
    LimitedStream(std::unique_ptr<ByteStream> stream, const File& file, std::uint64_t most)
        : m_stream(std::move(stream)), m_file(file), m_most(most) {}

    std::size_t read(std::span<std::byte> out) override {
        const std::size_t count = m_stream->read(out);
        m_done += count;
        if (m_done > m_most)
            throw Error({Code::Csv03, m_file.name(), "the decompressed table is too large",
                         "more than " + bytesText(m_most), "", "Decompress it and choose the file itself."});
        return count;
    }

private:
    std::unique_ptr<ByteStream> m_stream;
    const File& m_file;
    std::uint64_t m_most;
    std::uint64_t m_done = 0;
};

std::unique_ptr<ByteStream> streamOf(const File& file, const CsvLimits& limits) {
    return std::make_unique<LimitedStream>(openStream(file, Code::Csv11, Code::Csv11), file, limits.maxDecoded);
}

/// By name, else by 0-based number.
std::optional<std::size_t> findColumn(const std::vector<std::string>& names, std::string_view wanted) {
    const auto named = std::find(names.begin(), names.end(), wanted);
    if (named != names.end()) return static_cast<std::size_t>(named - names.begin());
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
    const bool number = error == std::errc() && end == wanted.data() + wanted.size();
    return number && index < names.size() ? std::optional(index) : std::nullopt;
}

/// Columns that are not there are left to whoever needs them.
void askForTypes(CsvSurvey& survey, const std::vector<std::string>& numeric) {
    for (ColumnSurvey& column : survey.columns) column.asked = ColumnSurvey::Asked::Text;
    for (const std::string& name : numeric)
        if (const auto index = findColumn(survey.layout.names, name))
            survey.columns[*index].asked = ColumnSurvey::Asked::Number;
}

/// Bytes that are in memory already.
class MemoryStream final : public ByteStream {
public:
    explicit MemoryStream(std::string_view bytes) : m_rest(bytes) {}
    std::size_t read(std::span<std::byte> out) override {
        const std::size_t count = m_rest.copy(reinterpret_cast<char*>(out.data()), out.size());
        m_rest.remove_prefix(count);
        return count;
    }

private:
    std::string_view m_rest;
};

/// What a table comes from, which is gone through several times.
struct Origin {
    const std::string& subject;
    std::function<std::unique_ptr<ByteStream>()> open;
    std::function<void()> requireUnchanged = [] {}, refuseChanged = [] {};
};

std::string sampleOf(const Origin& origin) {
    constexpr std::size_t kSample = 64 * 1024;
    std::string sample(kSample, '\0');
    const auto stream = origin.open();
    sample.resize(stream->read(std::as_writable_bytes(std::span(sample))));
    return sample;
}

/// Texts to numbers as they come, up to the limits; what lies beyond turns the column into text.
class Dictionary {
public:
    std::int32_t codeOf(std::string_view cell) {
        const auto [entry, added] = m_codes.try_emplace(std::string(cell), static_cast<std::int32_t>(m_codes.size()));
        if (added) m_bytes += cell.size();
        return entry->second;
    }
    std::size_t size() const { return m_codes.size(); }
    std::size_t bytes() const { return m_bytes; }

    std::vector<std::string> namesByCode() const {
        std::vector<std::string> names(m_codes.size());
        for (const auto& [name, code] : m_codes) names[static_cast<std::size_t>(code)] = name;
        return names;
    }

private:
    std::unordered_map<std::string, std::int32_t> m_codes;
    std::size_t m_bytes = 0;
};

/// Fills one column in the second pass.
class ColumnFiller {
public:
    ColumnFiller(Column& column, const ColumnSurvey& survey, std::int64_t rows) : m_column(column) {
        const bool numeric = survey.texts == 0 && survey.asked != ColumnSurvey::Asked::Text;
        column.type = numeric ? ColumnType::Numeric : ColumnType::Category;
        column.missing = survey.missing;
        column.whole = column.type == ColumnType::Numeric && survey.whole;
        if (column.type == ColumnType::Numeric)
            column.numbers.reserve(static_cast<std::size_t>(rows));
        else
            column.codes.reserve(static_cast<std::size_t>(rows));
    }

    /// Bytes of names that this cell added.
    std::size_t add(std::string_view cell) {
        double number = std::numeric_limits<double>::quiet_NaN();
        const Cell kind = classify(cell, number);
        const bool missing = kind == Cell::Missing;
        if (m_column.type == ColumnType::Numeric) m_column.numbers.push_back(kind == Cell::Number ? number : kNaN);
        if (m_column.type == ColumnType::Text) m_column.texts.add(missing ? std::string_view() : cell);
        if (m_column.type != ColumnType::Category) return 0;
        const std::size_t before = m_dictionary.bytes();
        m_column.codes.push_back(missing ? -1 : m_dictionary.codeOf(cell));
        return m_dictionary.bytes() - before;
    }

    std::size_t categories() const { return m_dictionary.size(); }

    /// From numbers of names back to the names: nothing is lost.
    void turnIntoText() {
        const std::vector<std::string> names = m_dictionary.namesByCode();
        for (const std::int32_t code : m_column.codes)
            m_column.texts.add(code < 0 ? std::string_view() : names[static_cast<std::size_t>(code)]);
        m_column.codes = {};
        m_dictionary = {};
        m_column.type = ColumnType::Text;
    }

    /// Sorts the categories, so that their numbers do not depend on the order of the rows.
    void finish() {
        if (m_column.type != ColumnType::Category) return;
        m_column.categories = m_dictionary.namesByCode();
        std::vector<std::int32_t> order(m_column.categories.size());
        std::iota(order.begin(), order.end(), 0);
        const auto byName = [this](std::int32_t a, std::int32_t b) {
            return m_column.categories[static_cast<std::size_t>(a)] < m_column.categories[static_cast<std::size_t>(b)];
        };
        std::sort(order.begin(), order.end(), byName);
        std::vector<std::int32_t> rank(order.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            rank[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
        for (std::int32_t& code : m_column.codes) code = code < 0 ? code : rank[static_cast<std::size_t>(code)];
        std::sort(m_column.categories.begin(), m_column.categories.end());
    }

private:
    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    Column& m_column;
    Dictionary m_dictionary;
};

/// The second pass.
class TableReader {
public:
    TableReader(const CsvSurvey& survey, const CsvLimits& limits, std::size_t target, std::size_t expectedColumns)
        : m_survey(survey), m_limits(limits), m_target(target) {
        m_table.columns.resize(expectedColumns);
        m_table.header = survey.layout.header;
        for (std::size_t i = 0; i < expectedColumns; ++i) {
            m_table.columns[i].name = survey.layout.names[i];
            m_fillers.emplace_back(m_table.columns[i], survey.columns[i], survey.rows);
        }
    }

    /// `refuseChanged` throws: the table is another one than in the first pass.
    Table read(CsvScanner& scanner, const std::function<void()>& refuseChanged) {
        bool header = m_table.header;
        while (scanner.next()) {
            if (scanner.isBlank() && (m_fillers.size() > 1 || header)) continue;
            if (scanner.fields().size() != m_fillers.size()) refuseChanged();
            if (std::exchange(header, false)) continue;
            ++m_table.rows;
            for (std::size_t i = 0; i < m_fillers.size(); ++i) addCell(i, scanner.fields()[i]);
        }
        if (m_table.rows != m_survey.rows) refuseChanged();
        finish();
        return std::move(m_table);
    }

private:
    void addCell(std::size_t i, std::string_view cell) {
        ColumnFiller& filler = m_fillers[i];
        m_categoryBytes += filler.add(cell);
        if (m_table.columns[i].type != ColumnType::Category || i == m_target) return;
        if (filler.categories() > m_limits.maxCategories || m_categoryBytes > m_limits.maxCategoryBytes)
            filler.turnIntoText();
    }

    /// Names of which hardly any comes twice say nothing about other rows.
    bool isMostlyDistinct(const Column& column, std::size_t categories) const {
        constexpr std::size_t kFew = 20;
        const auto present = static_cast<std::size_t>(m_survey.rows - column.missing);
        return categories > kFew && categories * 2 > present;
    }

    void finish() {
        for (std::size_t i = 0; i < m_fillers.size(); ++i) {
            const Column& column = m_table.columns[i];
            if (column.type == ColumnType::Category && i != m_target &&
                isMostlyDistinct(column, m_fillers[i].categories()))
                m_fillers[i].turnIntoText();
            m_fillers[i].finish();
        }
    }

    const CsvSurvey& m_survey;
    const CsvLimits& m_limits;
    std::size_t m_target;
    Table m_table;
    std::vector<ColumnFiller> m_fillers;
    std::size_t m_categoryBytes = 0;
};

}  // namespace

void TextCells::add(std::string_view cell) {
    m_bytes += cell;
    m_ends.push_back(m_bytes.size());
}

std::string_view TextCells::operator[](std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : m_ends[row - 1];
    return std::string_view(m_bytes).substr(begin, m_ends[row] - begin);
}

std::string columnList(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 30;
    std::string list;
    for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) list += (i == 0 ? "" : ", ") + escaped(names[i]);
    if (names.size() > kShown) list += fmt::format(" and {} more", names.size() - kShown);
    return list;
}

std::size_t targetColumn(const std::vector<std::string>& names, std::string_view target, const std::string& subject) {
    if (target.empty()) return names.size() - 1;
    if (const std::optional<std::size_t> found = findColumn(names, target)) return *found;
    throw Error({Code::Dat03, subject, fmt::format("column \"{}\" not found", escaped(target)),
                 fmt::format("columns: {}", columnList(names)), fmt::format("or numbers 0 to {}", names.size() - 1),
                 "Choose one of them as data.target, or data that has this column."});
}

std::string cellText(const Column& column, std::size_t row) {
    if (column.type == ColumnType::Text) return std::string(column.texts[row]);
    if (column.type == ColumnType::Category)
        return column.codes[row] < 0 ? std::string() : column.categories[static_cast<std::size_t>(column.codes[row])];
    return std::isnan(column.numbers[row]) ? std::string() : fmt::format("{}", column.numbers[row]);
}

namespace {

enum class Target { Wanted, None };

Table readTable(const Origin& origin, const CsvOptions& options, Target wanted) {
    const std::string& subject = origin.subject;
    const char delimiter = options.delimiter.value_or(detectDelimiter(sampleOf(origin)));
    const auto scanned = [&](auto use) {
        const auto stream = origin.open();
        CsvScanner scanner(*stream, subject, delimiter, options.limits);
        return use(scanner);
    };
    CsvLayout layout = scanned([&](CsvScanner& s) { return readLayout(s, options.header, subject); });
    const std::size_t target = wanted == Target::None ? layout.names.size() : targetColumn(layout.names, options.target, subject);
    CsvSurvey found = scanned([&](CsvScanner& s) { return survey(s, std::move(layout), subject); });
    origin.requireUnchanged();
    if (options.numeric) askForTypes(found, *options.numeric);
    checkColumns(found, target, options.targetIsNumber, subject);
    TableReader reader(found, options.limits, target, found.columns.size());
    Table table = scanned([&](CsvScanner& s) { return reader.read(s, origin.refuseChanged); });
    origin.requireUnchanged();
    table.delimiter = delimiter;
    return table;
}

Table readFile(const std::filesystem::path& path, const CsvOptions& options, Target wanted) {
    const File file(path);
    return readTable({file.name(), [&] { return streamOf(file, options.limits); }, [&] { file.requireUnchanged(Code::Csv11); },
                      [&] { file.refuseChanged(Code::Csv11); }}, options, wanted);
}

}  // namespace

Table readCsv(const std::filesystem::path& path, const CsvOptions& options) { return readFile(path, options, Target::Wanted); }

Table readRows(const std::filesystem::path& path, const CsvOptions& options) { return readFile(path, options, Target::None); }

Table parseRows(std::string_view bytes, const std::string& subject, const CsvOptions& options) {
    return readTable({subject, [bytes] { return std::make_unique<MemoryStream>(bytes); }}, options, Target::None);
}

std::string csvCell(std::string_view text) {
    constexpr std::string_view kFormulaStarts = "=+-@\t\r";
    std::string cell(text);
    if (!cell.empty() && kFormulaStarts.find(cell.front()) != std::string_view::npos) cell.insert(cell.begin(), '\'');
    if (cell.find_first_of(",;\t\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

}  // namespace headroom::formats
