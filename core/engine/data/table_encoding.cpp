// SPDX-License-Identifier: Apache-2.0
#include "engine/data/table_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/errors/error.h"

namespace headroom::data {
namespace {

using formats::Column;
using formats::ColumnType;
using Rows = std::span<const std::int64_t>;

struct Moments {
    double mean = 0, deviation = 1;
};

/// Of the values that are there, in two passes; a column that never varies gets deviation 1.
Moments momentsOf(const std::vector<double>& present) {
    if (present.empty()) return {};
    double sum = 0, squares = 0;
    for (const double value : present) sum += value;
    const double mean = sum / static_cast<double>(present.size());
    for (const double value : present) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(present.size()));
    return {mean, deviation > 0 && std::isfinite(deviation) ? deviation : 1};
}

std::vector<double> presentSorted(const std::vector<double>& values, Rows rows) {
    std::vector<double> present;
    for (const std::int64_t row : rows)
        if (const double value = values[static_cast<std::size_t>(row)]; !std::isnan(value)) present.push_back(value);
    std::ranges::sort(present);
    return present;
}

nlohmann::json statisticsOf(const std::vector<double>& sorted, const Moments& moments, std::size_t rows) {
    nlohmann::json deciles = nlohmann::json::array();
    for (std::size_t tenth = 0; tenth <= 10 && !sorted.empty(); ++tenth)
        deciles.push_back(sorted[(sorted.size() - 1) * tenth / 10]);
    return {{"mean", moments.mean}, {"deviation", moments.deviation}, {"deciles", deciles}, {"missing", rows - sorted.size()}};
}

/// Builds the compact rows column by column; the rows are laid out once the number of columns is known.
class Encoder {
public:
    Encoder(const formats::RawTable& raw, Rows training) : m_raw(raw), m_training(training) {}

    EncodedTable run() {
        for (std::size_t i = 0; i < m_raw.table.columns.size(); ++i)
            if (static_cast<int>(i) != m_raw.target) add(m_raw.table.columns[i]);
        if (m_store.features == 0)
            throw Error(Failure{Code::Dat05, "the table", "no column beside the target can be used", {}, {},
                                "Add a column of numbers or of a few distinct texts."});
        layOut();
        addTarget();
        m_encoded.store = std::make_shared<const TableStore>(std::move(m_store));
        return std::move(m_encoded);
    }

private:
    void add(const Column& column) {
        if (column.type == ColumnType::Numeric) return addNumbers(column);
        if (column.type == ColumnType::Category) return addCategories(column);
        m_encoded.notes.push_back(fmt::format("Column '{}' holds free text and is left out.", escaped(column.name)));
        m_encoded.columns.push_back({{"name", column.name}, {"type", "text"}});
    }

    void addNumbers(const Column& column) {
        const std::vector<double> present = presentSorted(column.numbers, m_training);
        const Moments moments = momentsOf(present);
        std::vector<float> scaled(column.numbers.size());
        std::ranges::transform(column.numbers, scaled.begin(), [&](double value) {
            return std::isnan(value) ? 0.0F : static_cast<float>((value - moments.mean) / moments.deviation);
        });
        nlohmann::json entry = statisticsOf(present, moments, m_training.size());
        entry.update({{"name", column.name}, {"type", "numeric"}, {"feature", m_store.features}});
        addNumberFeature(std::move(scaled));
        if (column.missing > 0) {
            entry["missing_feature"] = m_store.features;
            std::vector<float> flags(column.numbers.size());
            std::ranges::transform(column.numbers, flags.begin(), [](double v) { return std::isnan(v) ? 1.0F : 0.0F; });
            addNumberFeature(std::move(flags));
        }
        m_encoded.columns.push_back(std::move(entry));
    }

    void addNumberFeature(std::vector<float> values) {
        m_store.numberFeature.push_back(static_cast<std::int32_t>(m_store.features++));
        m_numbers.push_back(std::move(values));
    }

    void addCategories(const Column& column) {
        const std::size_t names = column.categories.size();
        const std::size_t places = names + (column.missing > 0 ? 1 : 0);
        const auto place = [&](std::int32_t code) { return code < 0 ? names : static_cast<std::size_t>(code); };
        std::vector<std::int64_t> counts(places);
        for (const std::int64_t row : m_training) ++counts[place(column.codes[static_cast<std::size_t>(row)])];
        std::vector<std::int32_t> ones(column.codes.size());
        const auto first = static_cast<std::int32_t>(m_store.features);
        std::ranges::transform(column.codes, ones.begin(), [&](std::int32_t code) {
            return counts[place(code)] > 0 ? first + static_cast<std::int32_t>(place(code)) : -1;
        });
        m_encoded.columns.push_back({{"name", column.name}, {"type", "category"}, {"categories", column.categories},
                                     {"missing_category", column.missing > 0}, {"counts", counts}, {"feature", first}});
        m_store.features += static_cast<std::int64_t>(places);
        ++m_store.categories;
        m_ones.push_back(std::move(ones));
    }

    void layOut() {
        const auto rows = static_cast<std::size_t>(m_raw.table.rows);
        m_store.numbers.reserve(rows * m_numbers.size());
        m_store.ones.reserve(rows * m_ones.size());
        for (std::size_t row = 0; row < rows; ++row) {
            for (const auto& column : m_numbers) m_store.numbers.push_back(column[row]);
            for (const auto& column : m_ones) m_store.ones.push_back(column[row]);
        }
    }

    void addTarget() {
        const std::string& name = m_raw.table.columns[static_cast<std::size_t>(m_raw.target)].name;
        m_store.regression = m_raw.regression;
        m_store.labels = m_raw.labels;
        m_encoded.target = {{"name", name}};
        if (!m_raw.regression) return;
        const std::vector<double> present = presentSorted(m_raw.values, m_training);
        const Moments moments = momentsOf(present);
        m_encoded.target.update(statisticsOf(present, moments, m_training.size()));
        for (const double value : m_raw.values)
            m_store.targets.push_back(static_cast<float>((value - moments.mean) / moments.deviation));
    }

    const formats::RawTable& m_raw;
    const Rows m_training;
    TableStore m_store;
    EncodedTable m_encoded;
    std::vector<std::vector<float>> m_numbers;
    std::vector<std::vector<std::int32_t>> m_ones;
};

}  // namespace

EncodedTable encode(const formats::RawTable& raw, Rows training) { return Encoder(raw, training).run(); }

}  // namespace headroom::data
