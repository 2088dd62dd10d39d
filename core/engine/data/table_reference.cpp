// SPDX-License-Identifier: Apache-2.0
#include "engine/data/table_reference.h"

#include "engine/data/reference_fields.h"

namespace headroom::data {
namespace {

using formats::ColumnType;
using nlohmann::json;

json toJson(const Statistics& statistics) {
    return {{"mean", statistics.mean}, {"deviation", statistics.deviation},
            {"deciles", json(statistics.deciles)}, {"missing", statistics.missing}};
}

json toJson(const ColumnEncoding& column, std::int64_t first) {
    if (column.type == ColumnType::Text) return {{"name", column.name}, {"type", "text"}};
    if (column.type == ColumnType::Category)
        return {{"name", column.name}, {"type", "category"}, {"categories", column.categories},
                {"missing_category", column.missing}, {"counts", column.counts}, {"feature", first}};
    json entry = toJson(column.numbers);
    entry.update({{"name", column.name}, {"type", "numeric"}, {"feature", first}});
    if (column.missing) entry["missing_feature"] = first + 1;
    return entry;
}

Statistics statisticsFrom(const json& entry) {
    Statistics statistics{field<double>(entry, "mean"), field<double>(entry, "deviation"),
                          field<std::vector<double>>(entry, "deciles"), field<std::int64_t>(entry, "missing")};
    if (!(statistics.deviation > 0)) throw noPreparation("a deviation that is not above 0");
    return statistics;
}

void takeCategories(ColumnEncoding& column, const json& entry) {
    column.categories = field<std::vector<std::string>>(entry, "categories");
    column.missing = field<bool>(entry, "missing_category");
    column.counts = field<std::vector<std::int64_t>>(entry, "counts");
    if (static_cast<std::int64_t>(column.counts.size()) != column.features()) throw noPreparation("categories and counts differ");
}

ColumnEncoding columnFrom(const json& entry, std::int64_t first) {
    ColumnEncoding column{.name = field<std::string>(entry, "name")};
    const std::string type = field<std::string>(entry, "type");
    if (type == "text") {
        column.type = ColumnType::Text;
        return column;
    }
    if (type == "category") {
        column.type = ColumnType::Category;
        takeCategories(column, entry);
    } else if (type == "numeric") {
        column.missing = entry.contains("missing_feature");
        column.numbers = statisticsFrom(entry);
    } else {
        throw noPreparation("a column of an unknown type");
    }
    if (field<std::int64_t>(entry, "feature") != first) throw noPreparation("features out of order");
    return column;
}

}  // namespace

json toJson(const TableEncoding& encoding) {
    json columns = json::array();
    std::int64_t features = 0;
    for (const ColumnEncoding& column : encoding.columns) {
        columns.push_back(toJson(column, features));
        features += column.features();
    }
    json target = encoding.values ? toJson(*encoding.values) : json::object();
    target["name"] = encoding.target;
    return {{"features", features}, {"columns", std::move(columns)}, {"target", std::move(target)}};
}

TableEncoding tableEncodingFrom(const json& reference) {
    TableEncoding encoding;
    std::int64_t features = 0;
    for (const json& entry : field<std::vector<json>>(reference, "columns")) {
        encoding.columns.push_back(columnFrom(entry, features));
        features += encoding.columns.back().features();
    }
    if (features == 0 || field<std::int64_t>(reference, "features") != features) throw noPreparation("features do not add up");
    const json target = field<json>(reference, "target");
    encoding.target = field<std::string>(target, "name");
    if (target.contains("mean")) encoding.values = statisticsFrom(target);
    return encoding;
}

}  // namespace headroom::data
