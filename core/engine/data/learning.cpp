// SPDX-License-Identifier: Apache-2.0
#include "engine/data/learning.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json/utf8.h"
#include "engine/data/table_reference.h"

namespace headroom::data {
namespace {

using nlohmann::json;

std::vector<std::int64_t> classCounts(std::span<const std::int32_t> labels, std::span<const std::int64_t> chosen,
                                      std::size_t classes) {
    std::vector<std::int64_t> counts(classes);
    for (const std::int64_t sample : chosen) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(sample)])];
    return counts;
}

}  // namespace

Split splitOf(const formats::RawDataset& raw, const Preparation& preparation) {
    const bool table = raw.kind == formats::Kind::Table;
    const std::int64_t count = table ? raw.table.table.rows : raw.pictures.count();
    Split split;
    if (raw.testPictures)
        split.training = allOf(count);
    else
        split = holdOut(count, table ? raw.table.labels : raw.pictures.labels, preparation.data.holdout, preparation.seed);
    limitTraining(split, preparation.data.limit);
    return split;
}

PixelStatistics learnPixels(const formats::Pictures& pictures, std::span<const std::int64_t> training) {
    return pixelStatistics(pictures.pixels, pictures.bytesPerPicture(), pictures.channels, training);
}

TextParts textParts(const formats::Text& text, const Preparation& preparation) {
    const auto length = static_cast<std::int64_t>(text.ids.size());
    TextParts parts{length - length / 10, length - length / 10};
    if (preparation.data.limit > 0)
        parts.trainingEnd = std::min(parts.trainingEnd, preparation.data.limit * preparation.context + 1);
    return parts;
}

std::vector<std::string> tokenNames(const formats::Text& text) {
    std::vector<std::string> names;
    for (const std::string& token : text.tokens) {
        std::string name = token;
        if (findInvalidUtf8(token)) {
            name.clear();
            for (const char byte : token) name += fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte));
        }
        names.push_back(std::move(name));
    }
    return names;
}

json pictureReference(const formats::RawDataset& raw, std::span<const std::int64_t> training,
                      const PixelStatistics& statistics) {
    const formats::Pictures& pictures = raw.pictures;
    return {{"kind", "pictures"},
            {"samples", training.size()},
            {"size", {pictures.height, pictures.width, pictures.channels}},
            {"mean", statistics.mean},
            {"deviation", statistics.deviation},
            {"class_counts", classCounts(pictures.labels, training, raw.classes.size())}};
}

json tableReference(const formats::RawDataset& raw, std::span<const std::int64_t> training, const TableEncoding& encoding) {
    json reference = toJson(encoding);
    reference["kind"] = "table";
    reference["samples"] = training.size();
    if (!raw.table.regression) reference["class_counts"] = classCounts(raw.table.labels, training, raw.classes.size());
    return reference;
}

json textReference(const formats::Text& text, std::int64_t trainingEnd, const Preparation& preparation) {
    std::vector<std::int64_t> counts(text.tokens.size());
    for (std::int64_t i = 0; i < trainingEnd; ++i) ++counts[static_cast<std::size_t>(text.ids[static_cast<std::size_t>(i)])];
    return {{"kind", "text"}, {"samples", trainingEnd}, {"context", preparation.context}, {"tokenizer", preparation.data.tokenizer},
            {"vocabulary", tokenNames(text)}, {"counts", counts}};
}

}  // namespace headroom::data
