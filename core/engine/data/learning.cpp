// SPDX-License-Identifier: Apache-2.0
#include "engine/data/learning.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/data/mask_source.h"
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

/// Of the ImageNet training set, as torchvision's models are trained with; one channel: their means.
PixelStatistics imagenet(std::size_t channels) {
    if (channels == 3) return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    return {std::vector(channels, 0.449), std::vector(channels, 0.226)};
}

/// A number a channel, or one for all; empty: `fallback`.
std::vector<double> stated(const char* field, const std::string& text, std::size_t channels, double fallback) {
    const bool isDeviation = fallback == 1;
    const auto refuse = [&](std::string allowed) {
        throw Error(Failure{Code::Cfg04, field, "not usable for these pictures", escaped(text), std::move(allowed), {}});
    };
    if (text.empty()) return std::vector(channels, fallback);
    std::vector<double> numbers;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find(',', from), text.size());
        const std::size_t first = std::min(text.find_first_not_of(' ', from), end);
        double number = 0;
        const auto [rest, error] = std::from_chars(text.data() + first, text.data() + end, number);
        if (error != std::errc{} || std::string_view(rest, text.data() + end).find_first_not_of(' ') != std::string_view::npos ||
            !std::isfinite(number) || (isDeviation && number <= 0))
            refuse(isDeviation ? "numbers above 0 with commas between" : "numbers with commas between");
        numbers.push_back(number);
        from = end + 1;
    }
    if (numbers.size() == 1) return std::vector(channels, numbers.front());
    if (numbers.size() != channels) refuse(fmt::format("{} numbers needed", channels));
    return numbers;
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

PixelStatistics pixelsFor(const formats::Pictures& pictures, std::span<const std::int64_t> training, const Preparation& preparation) {
    const std::string& kind = preparation.data.normalise;
    const auto channels = static_cast<std::size_t>(pictures.channels);
    if (kind == "unit") return {std::vector(channels, 0.0), std::vector(channels, 1.0)};
    if (kind == "raw") return {std::vector(channels, 0.0), std::vector(channels, 1 / 255.0)};
    if (kind == "imagenet") return imagenet(channels);
    if (kind == "stated")
        return {stated("data.mean", preparation.data.mean, channels, 0), stated("data.deviation", preparation.data.deviation, channels, 1)};
    return pixelStatistics(pictures, training);
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

json maskReference(const formats::RawDataset& raw, std::span<const std::int64_t> training, const PixelStatistics& statistics) {
    json reference = pictureReference(raw, training, statistics);
    reference["task"] = "segmentation";
    reference["class_counts"] = pixelCounts(raw.masks.train, raw.pictures.height * raw.pictures.width, training, raw.classes.size());
    reference["two_valued"] = raw.masks.twoValued;
    return reference;
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
