// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/file_preparation.h"

#include "base/errors/error.h"
#include "engine/data/reference_fields.h"
#include "engine/data/table_encoding.h"
#include "engine/data/table_reference.h"

namespace headroom::deploy {
namespace {

using Table = formats::TablePreparation;
using nlohmann::json;

FilePreparation ofPictures(const data::Reference& reference, const std::string& input) {
    const models::DataShape shape = data::pictureShapeOf(reference);
    const formats::PicturePreparation pictures{shape.height, shape.width, data::field<std::vector<double>>(reference.statistics, "mean"),
                                               data::field<std::vector<double>>(reference.statistics, "deviation")};
    data::normaliserOf(reference, shape);  // one of each for every channel
    return {formats::prepares(pictures, input), {{"kind", "pictures"}, {"input", "picture"}, {"resize", "the middle, triangle filter"}}};
}

/// Adds the features of one column as data::ColumnEncoding orders them.
void add(Table& table, json& description, const data::ColumnEncoding& column) {
    using Kind = Table::Feature::Kind;
    if (column.type == formats::ColumnType::Numeric) {
        const auto place = std::ssize(table.mean);
        table.mean.push_back(column.numbers.mean);
        table.deviation.push_back(column.numbers.deviation);
        table.features.push_back({Kind::Number, place});
        if (column.missing) table.features.push_back({Kind::Missing, place});
        description["numbers"].push_back(column.name);
    }
    if (column.type != formats::ColumnType::Category) return;
    const auto known = std::ssize(column.categories);
    for (std::int64_t k = 0; k < std::ssize(column.counts); ++k) {
        const bool seen = column.counts[static_cast<std::size_t>(k)] > 0;  // a category that no training row has gives no feature a 1
        table.features.push_back({Kind::Category, table.categories, !seen ? Table::kNever : k < known ? k : -1});
    }
    ++table.categories;
    description["categories"].push_back({{"name", column.name}, {"values", column.categories}});
}

FilePreparation ofTable(const data::Reference& reference, const std::string& input) {
    Table table;
    json description{{"kind", "table"}, {"numbers", json::array()}, {"categories", json::array()}};
    for (const data::ColumnEncoding& column : data::tableEncodingFrom(reference.statistics).columns) add(table, description, column);
    return {formats::prepares(table, input), description};
}

}  // namespace

FilePreparation preparationIn(const data::Reference& reference, const std::string& input) {
    const std::string kind = data::field<std::string>(reference.statistics, "kind");
    if (kind == "pictures") return ofPictures(reference, input);
    if (kind == "table") return ofTable(reference, input);
    throw Error(Failure{Code::Exp01, "the preparation", "the format's operators cannot split text into tokens", kind, {}, "Export without --preprocess; the tokenizer's tables lie beside the file."});
}

}  // namespace headroom::deploy
