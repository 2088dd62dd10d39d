// SPDX-License-Identifier: Apache-2.0
#include "engine/data/table_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/errors/error.h"
#include "base/units/units.h"

namespace headroom::data {
namespace {

using formats::Column;
using formats::ColumnType;
using Rows = std::span<const std::int64_t>;

std::vector<double> presentSorted(const std::vector<double>& values, Rows rows) {
    std::vector<double> present;
    for (const std::int64_t row : rows)
        if (const double value = values[static_cast<std::size_t>(row)]; !std::isnan(value)) present.push_back(value);
    std::ranges::sort(present);
    return present;
}

/// Of the values that are there, in two passes.
void addMoments(Statistics& statistics, const std::vector<double>& present) {
    if (present.empty()) return;
    double sum = 0, squares = 0;
    for (const double value : present) sum += value;
    const double mean = sum / static_cast<double>(present.size());
    for (const double value : present) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(present.size()));
    statistics.mean = mean;
    statistics.deviation = deviation > 0 && std::isfinite(deviation) ? deviation : 1;
}

Statistics statisticsOf(const std::vector<double>& values, Rows training) {
    const std::vector<double> sorted = presentSorted(values, training);
    Statistics statistics;
    addMoments(statistics, sorted);
    for (std::size_t tenth = 0; tenth <= 10 && !sorted.empty(); ++tenth)
        statistics.deciles.push_back(sorted[(sorted.size() - 1) * tenth / 10]);
    statistics.missing = static_cast<std::int64_t>(training.size() - sorted.size());
    return statistics;
}

ColumnEncoding learnColumn(const Column& column, Rows training) {
    ColumnEncoding encoding{.name = column.name, .type = column.type, .missing = column.missing > 0};
    if (column.type == ColumnType::Numeric) encoding.numbers = statisticsOf(column.numbers, training);
    if (column.type != ColumnType::Category) return encoding;
    encoding.categories = column.categories;
    encoding.counts.resize(column.categories.size() + (encoding.missing ? 1 : 0));
    for (const std::int64_t row : training) {
        const std::int32_t code = column.codes[static_cast<std::size_t>(row)];
        ++encoding.counts[code < 0 ? column.categories.size() : static_cast<std::size_t>(code)];
    }
    return encoding;
}

float scaled(double value, const Statistics& statistics) {
    return static_cast<float>((value - statistics.mean) / statistics.deviation);
}

/// The numbers of a column of any type. Throws where it holds anything else.
std::vector<double> numbersOf(const Column& column, std::size_t rows, const std::string& subject) {
    if (column.type == ColumnType::Numeric) return column.numbers;
    for (std::size_t row = 0; row < rows; ++row)
        if (const std::string cell = formats::cellText(column, row); !cell.empty())
            throw Error(Failure{Code::Csv08, subject,
                                fmt::format("column \"{}\" holds texts, the model takes numbers", escaped(column.name)),
                                fmt::format("row {} \"{}\"", grouped(static_cast<std::int64_t>(row) + 1), escaped(cell.substr(0, 40))),
                                {}, "Correct these cells or leave them empty."});
    return std::vector<double>(rows, std::numeric_limits<double>::quiet_NaN());
}

/// Which feature a category turns to 1; -1: none.
class CategoryFeatures {
public:
    CategoryFeatures(const ColumnEncoding& column, std::int32_t first) {
        for (std::size_t i = 0; i < column.categories.size(); ++i)
            if (column.counts[i] > 0) m_features.emplace(column.categories[i], first + static_cast<std::int32_t>(i));
        if (column.missing && column.counts.back() > 0) m_missing = first + static_cast<std::int32_t>(column.categories.size());
    }
    std::int32_t of(std::string_view name) const {
        const auto found = m_features.find(name);
        return found == m_features.end() ? -1 : found->second;
    }
    std::int32_t missing() const { return m_missing; }

private:
    std::unordered_map<std::string_view, std::int32_t> m_features;
    std::int32_t m_missing = -1;
};

std::vector<std::int32_t> featuresOfRows(const CategoryFeatures& features, const Column& column, std::size_t rows) {
    std::vector<std::int32_t> byCode, ones(rows);
    for (const std::string& name : column.categories) byCode.push_back(features.of(name));
    for (std::size_t row = 0; row < rows; ++row) {
        if (column.type == ColumnType::Category) {
            const std::int32_t code = column.codes[row];
            ones[row] = code < 0 ? features.missing() : byCode[static_cast<std::size_t>(code)];
        } else {
            const std::string cell = formats::cellText(column, row);
            ones[row] = cell.empty() ? features.missing() : features.of(cell);
        }
    }
    return ones;
}

/// Places in the encoding's list of categories; -1: missing, behind the last: unknown.
std::vector<std::int64_t> codesOfRows(const ColumnEncoding& encoding, const Column& column, std::size_t rows) {
    std::unordered_map<std::string_view, std::int64_t> places;
    for (const std::string& name : encoding.categories) places.emplace(name, std::ssize(places));
    std::vector<std::int64_t> codes(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        const std::string cell = formats::cellText(column, row);
        const auto place = places.find(cell);
        codes[row] = cell.empty() ? -1 : place == places.end() ? std::ssize(places) : place->second;
    }
    return codes;
}

/// Builds the compact rows column by column; the rows are laid out once the number of columns is known.
class Encoder {
public:
    Encoder(std::size_t rows, const std::string& subject, RawColumns raw) : m_rows(rows), m_subject(subject), m_raw(raw == RawColumns::Keep) {}

    void add(const ColumnEncoding& encoding, const Column& column) {
        if (encoding.type == ColumnType::Numeric) addNumbers(encoding, column);
        if (encoding.type == ColumnType::Category) addCategories(encoding, column);
    }

    TableStore finish() {
        m_store.numbers.reserve(m_rows * m_numbers.size());
        m_store.ones.reserve(m_rows * m_ones.size());
        for (std::size_t row = 0; row < m_rows; ++row) {
            for (const auto& column : m_numbers) m_store.numbers.push_back(column[row]);
            for (const auto& column : m_ones) m_store.ones.push_back(column[row]);
            for (const auto& column : m_rawNumbers) m_store.rawNumbers.push_back(column[row]);
            for (const auto& column : m_rawCategories) m_store.rawCategories.push_back(column[row]);
        }
        m_store.rawNumberColumns = std::ssize(m_rawNumbers);
        return std::move(m_store);
    }

private:
    void addNumbers(const ColumnEncoding& encoding, const Column& column) {
        const std::vector<double> values = numbersOf(column, m_rows, m_subject);
        std::vector<float> features(m_rows);
        std::ranges::transform(values, features.begin(),
                               [&](double v) { return std::isnan(v) ? 0.0F : scaled(v, encoding.numbers); });
        if (m_raw) m_rawNumbers.emplace_back(values.begin(), values.end());
        addNumberFeature(std::move(features));
        if (!encoding.missing) return;
        std::vector<float> flags(m_rows);
        std::ranges::transform(values, flags.begin(), [](double v) { return std::isnan(v) ? 1.0F : 0.0F; });
        addNumberFeature(std::move(flags));
    }

    void addNumberFeature(std::vector<float> values) {
        m_store.numberFeature.push_back(static_cast<std::int32_t>(m_store.features++));
        m_numbers.push_back(std::move(values));
    }

    void addCategories(const ColumnEncoding& encoding, const Column& column) {
        const CategoryFeatures features(encoding, static_cast<std::int32_t>(m_store.features));
        m_ones.push_back(featuresOfRows(features, column, m_rows));
        if (m_raw) m_rawCategories.push_back(codesOfRows(encoding, column, m_rows));
        m_store.features += encoding.features();
        ++m_store.categories;
    }

    const std::size_t m_rows;
    const std::string& m_subject;
    const bool m_raw;
    TableStore m_store;
    std::vector<std::vector<float>> m_rawNumbers;
    std::vector<std::vector<std::int64_t>> m_rawCategories;
    std::vector<std::vector<float>> m_numbers;
    std::vector<std::vector<std::int32_t>> m_ones;
};

[[noreturn]] void refuseWithout(const std::string& name, const formats::Table& table, const std::string& subject) {
    std::vector<std::string> names;
    for (const Column& column : table.columns) names.push_back(column.name);
    throw Error(Failure{Code::Dat03, subject, fmt::format("column \"{}\" is missing, which the model takes", escaped(name)),
                        fmt::format("columns: {}", formats::columnList(names)), {}, "Choose data with the columns that the model was trained on."});
}

}  // namespace

std::int64_t ColumnEncoding::features() const {
    if (type == ColumnType::Text) return 0;
    const std::size_t own = type == ColumnType::Numeric ? 1 : categories.size();
    return static_cast<std::int64_t>(own + (missing ? 1 : 0));
}

std::int64_t TableEncoding::features() const {
    std::int64_t sum = 0;
    for (const ColumnEncoding& column : columns) sum += column.features();
    return sum;
}

TableEncoding learn(const formats::RawTable& raw, Rows training) {
    TableEncoding encoding;
    for (const std::size_t place : placesOf(raw)) encoding.columns.push_back(learnColumn(raw.table.columns[place], training));
    encoding.target = raw.table.columns[static_cast<std::size_t>(raw.target)].name;
    if (raw.regression) encoding.values = statisticsOf(raw.values, training);
    return encoding;
}

ColumnPlaces placesOf(const formats::RawTable& raw) {
    ColumnPlaces places;
    for (std::size_t i = 0; i < raw.table.columns.size(); ++i)
        if (static_cast<int>(i) != raw.target) places.push_back(i);
    return places;
}

std::optional<std::size_t> positionIn(const std::string& name) {
    constexpr std::string_view kPrefix = "column_";
    if (!name.starts_with(kPrefix)) return std::nullopt;
    std::size_t position = 0;
    const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), position);
    return error == std::errc() && end == name.data() + name.size() ? std::optional(position) : std::nullopt;
}

bool isUnnamed(const TableEncoding& encoding) {
    return positionIn(encoding.target) &&
           std::ranges::all_of(encoding.columns, [](const auto& column) { return positionIn(column.name).has_value(); });
}

ColumnPlaces findColumns(const TableEncoding& encoding, const formats::Table& table, const std::string& subject) {
    std::unordered_map<std::string_view, std::size_t> byName;
    for (std::size_t i = 0; i < table.columns.size(); ++i) byName.emplace(table.columns[i].name, i);
    const bool unnamed = isUnnamed(encoding);
    ColumnPlaces places;
    for (const ColumnEncoding& column : encoding.columns) {
        std::size_t place = table.columns.size();
        if (const auto found = byName.find(column.name); found != byName.end())
            place = found->second;
        else if (unnamed)
            place = positionIn(column.name).value();
        else if (column.type == ColumnType::Text)
            place = 0;  // never looked at
        if (place >= table.columns.size()) refuseWithout(column.name, table, subject);
        places.push_back(place);
    }
    return places;
}

TableStore apply(const TableEncoding& encoding, const formats::RawTable& raw, const ColumnPlaces& places,
                 const std::string& subject, RawColumns rawColumns) {
    Encoder encoder(static_cast<std::size_t>(raw.table.rows), subject, rawColumns);
    for (std::size_t i = 0; i < places.size(); ++i) encoder.add(encoding.columns[i], raw.table.columns[places[i]]);
    TableStore store = encoder.finish();
    store.regression = encoding.values.has_value();
    store.labels = raw.labels;
    if (store.regression)
        for (const double value : raw.values) store.targets.push_back(scaled(value, *encoding.values));
    return store;
}

}  // namespace headroom::data
