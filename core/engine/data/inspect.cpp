// SPDX-License-Identifier: Apache-2.0
#include "engine/data/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "base/models/data_shape.h"
#include "engine/data/augment.h"
#include "engine/data/base64.h"
#include "engine/data/outline.h"
#include "engine/data/split.h"
#include "engine/formats/mask_image.h"

namespace headroom::data {
namespace {

using nlohmann::json;
using formats::Column;
using formats::ColumnType;

constexpr std::int64_t kRows = 20, kExcerpt = 1200;
constexpr std::int64_t kMostSamples = 200;
constexpr std::int64_t kLargestTile = 160;  ///< pixels a side

/// Larger ones are shown smaller.
formats::Image forTile(formats::Image image) {
    const std::int64_t longest = std::max(image.height, image.width);
    if (longest <= kLargestTile) return image;
    return formats::resized(image, std::max<std::int64_t>(1, image.height * kLargestTile / longest), std::max<std::int64_t>(1, image.width * kLargestTile / longest));
}

json tile(formats::Image picture) {
    const formats::Image image = forTile(std::move(picture));
    return {{"width", image.width}, {"height", image.height}, {"channels", image.channels}, {"pixels", base64(image.pixels)}};
}

json tile(const formats::Pictures& pictures, std::int64_t picture, std::span<const std::uint8_t> pixels,
          const std::vector<std::string>& classes) {
    const std::int32_t label = pictures.labels[static_cast<std::size_t>(picture)];
    json made = tile(formats::Image{pictures.height, pictures.width, pictures.channels, {pixels.begin(), pixels.end()}});
    made["label"] = classes[static_cast<std::size_t>(label)];
    return made;
}

/// The picture half under the colours of its classes, class 0 left as it is; the label names the others.
json tileOfMask(const formats::RawDataset& raw, std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> mask) {
    formats::Image shown = formats::withChannels({raw.pictures.height, raw.pictures.width, raw.pictures.channels, {pixels.begin(), pixels.end()}}, 3);
    std::set<std::uint8_t> present;
    for (std::size_t k = 0; k < mask.size(); ++k) {
        if (mask[k] == 0 || mask[k] == formats::kIgnoredPixel) continue;
        present.insert(mask[k]);
        const auto colour = formats::classColour(mask[k]);
        for (std::size_t channel = 0; channel < 3; ++channel) shown.pixels[3 * k + channel] = static_cast<std::uint8_t>((shown.pixels[3 * k + channel] + colour[channel] + 1) / 2);
    }
    std::string label;
    for (const std::uint8_t number : present) label += (label.empty() ? "" : ", ") + raw.classes[number];
    json made = tile(std::move(shown));
    made["label"] = label.empty() ? raw.classes.front() : label;
    return made;
}

/// A file of its own: why it cannot be read is said of it alone.
json tileOfFile(const std::string& path) {
    try {
        return tile(formats::readImage(path));
    } catch (const Error& error) {
        return {{"error", {{"code", info(error.code()).text}, {"message", error.what()}}}};
    }
}

/// Empty where pictures have none.
std::span<const std::uint8_t> maskOf(const formats::RawDataset& raw, std::int64_t picture) {
    if (raw.kind != formats::Kind::Masks) return {};
    const auto bytes = static_cast<std::size_t>(raw.pictures.height * raw.pictures.width);
    return std::span(raw.masks.train).subspan(static_cast<std::size_t>(picture) * bytes, bytes);
}

json tileOf(const formats::RawDataset& raw, std::int64_t picture, std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> mask) {
    return raw.kind == formats::Kind::Masks ? tileOfMask(raw, pixels, mask) : tile(raw.pictures, picture, pixels, raw.classes);
}

/// The first pictures of each class in turn, so that every class is seen.
std::vector<std::int64_t> spread(const formats::Pictures& pictures, std::int64_t samples) {
    std::map<std::int32_t, std::vector<std::int64_t>> byClass;
    for (std::int64_t i = 0; i < pictures.count(); ++i) {
        auto& members = byClass[pictures.labels[static_cast<std::size_t>(i)]];
        if (static_cast<std::int64_t>(members.size()) < samples) members.push_back(i);
    }
    std::vector<std::int64_t> chosen;
    for (std::size_t turn = 0; static_cast<std::int64_t>(chosen.size()) < std::min(samples, pictures.count()); ++turn)
        for (const auto& [label, members] : byClass)
            if (turn < members.size() && static_cast<std::int64_t>(chosen.size()) < samples) chosen.push_back(members[turn]);
    return chosen;
}

/// Tiles of pictures `spread` over the classes; nothing else is decoded. Those that cannot be read are left out and noted: training says more of them.
/// `shown`: the tile of a picture's pixels.
json tilesOf(const formats::RawDataset& raw, std::int64_t samples, std::vector<std::string>& notes,
             const std::function<json(std::int64_t, std::span<const std::uint8_t>)>& shown) {
    json tiles = json::array();
    std::vector<std::uint8_t> room;
    for (const std::int64_t picture : spread(raw.pictures, std::clamp<std::int64_t>(samples, 0, kMostSamples))) try {
            tiles.push_back(shown(picture, raw.pictures.picture(picture, room)));
        } catch (const Error& error) {
            notes.emplace_back(error.what());
        }
    return tiles;
}

std::string typeName(const Column& column) {
    if (column.type == ColumnType::Numeric) return "number";
    return column.type == ColumnType::Category ? "category" : "text";
}

void describeTable(json& found, const formats::RawTable& raw) {
    json columns = json::array(), rows = json::array();
    for (std::size_t i = 0; i < raw.table.columns.size(); ++i) {
        const Column& column = raw.table.columns[i];
        columns.push_back({{"name", column.name}, {"type", typeName(column)}, {"missing", column.missing},
                           {"distinct", column.categories.size()},
                           {"role", static_cast<int>(i) == raw.target ? "target" : "feature"}});
    }
    for (std::int64_t row = 0; row < std::min(kRows, raw.table.rows); ++row) {
        json cells = json::array();
        for (const Column& column : raw.table.columns) cells.push_back(formats::cellText(column, static_cast<std::size_t>(row)));
        rows.push_back(std::move(cells));
    }
    found["columns"] = std::move(columns);
    found["rows"] = std::move(rows);
}

std::string excerptOf(const formats::Text& text) {
    std::string excerpt;
    for (std::size_t i = 0; i < std::min<std::size_t>(text.ids.size(), kExcerpt); ++i)
        excerpt += text.tokens[static_cast<std::size_t>(text.ids[i])];
    excerpt.resize(findInvalidUtf8(excerpt).value_or(excerpt.size()));  // a character may go on in the next token
    return excerpt;
}

void describeShape(json& found, const Outline& outline) {
    const models::DataShape& shape = outline.shape;
    found.update(models::toJson(shape));
    found.update({{"format", outline.format}, {"classes", outline.classes}, {"train", outline.training}, {"validation", outline.validation},
                  {"counts", outline.reference.value("class_counts", outline.reference.value("counts", json::array()))},
                  {"fingerprint", outline.fingerprint.empty() ? json() : json(outline.fingerprint)}, {"suggested_arch", models::suggestedArchitecture(shape)}});
    if (outline.room.all > 0) found["pictures"] = toJson(outline.room);
}

/// What a person should look at before training: classes that are rare beside the others.
std::vector<std::string> warningsOf(const Outline& dataset) {
    std::vector<std::string> warnings = dataset.notes;
    if (!dataset.reference.contains("class_counts")) return warnings;
    const auto counts = dataset.reference["class_counts"].get<std::vector<std::int64_t>>();
    const auto [least, most] = std::ranges::minmax_element(counts);
    const char* const counted = dataset.shape.task == models::Task::Segmentation ? "pixels" : "samples";
    if (counts.size() > 1 && *most > 10 * *least)
        warnings.push_back(fmt::format("The classes are uneven: '{0}' has {1} training {4}, '{2}' has {3}.",
                                       escaped(dataset.classes[static_cast<std::size_t>(least - counts.begin())]), *least,
                                       escaped(dataset.classes[static_cast<std::size_t>(most - counts.begin())]), *most, counted));
    return warnings;
}

}  // namespace

json toJson(const formats::PictureRoom& room) { return {{"all", room.all}, {"kept", room.kept}, {"decoding", room.decoding}}; }

json inspect(const Preparation& preparation, std::int64_t samples) {
    formats::RawDataset raw = read(preparation);
    json found = json::object();
    found["held_out"] = !raw.testPictures.has_value();
    found["resized"] = raw.resized;
    std::vector<std::string> unreadable;
    found["samples"] = tilesOf(raw, samples, unreadable, [&raw](std::int64_t picture, std::span<const std::uint8_t> pixels) { return tileOf(raw, picture, pixels, maskOf(raw, picture)); });
    if (raw.kind == formats::Kind::Table) describeTable(found, raw.table);
    if (raw.kind == formats::Kind::Text) found["excerpt"] = excerptOf(raw.text);
    const Outline outline = outlineOf(std::move(raw), preparation);
    describeShape(found, outline);
    std::vector<std::string> warnings = warningsOf(outline);
    warnings.insert(warnings.end(), unreadable.begin(), unreadable.end());
    found["warnings"] = std::move(warnings);
    return found;
}

json augmented(const Preparation& preparation, std::int64_t epoch, std::int64_t samples) {
    const formats::RawDataset raw = read(preparation);
    const formats::Pictures& pictures = raw.pictures;
    const AugmentOptions options{preparation.data.augment.crop, preparation.data.augment.flip};
    const PictureSize size{pictures.height, pictures.width, pictures.channels};
    std::vector<std::uint8_t> changed(static_cast<std::size_t>(size.bytes()));
    std::vector<std::uint8_t> changedMask(raw.kind == formats::Kind::Masks ? static_cast<std::size_t>(size.height * size.width) : 0);
    std::vector<std::string> unreadable;
    const auto shown = [&](std::int64_t picture, std::span<const std::uint8_t> pixels) {
        const AugmentChoice choice = augmentChoice(options, preparation.seed, epoch, picture);
        augment(size, choice, pixels, changed);
        if (raw.kind == formats::Kind::Masks) augment({size.height, size.width, 1}, choice, maskOf(raw, picture), changedMask, formats::kIgnoredPixel);
        return tileOf(raw, picture, changed, changedMask);
    };
    return {{"samples", tilesOf(raw, samples, unreadable, shown)}};
}

json pictureFiles(const std::vector<std::string>& paths) {
    json tiles = json::array();
    for (const std::string& path : paths) {
        tiles.push_back(tileOfFile(path));
        tiles.back()["path"] = path;
    }
    return {{"pictures", std::move(tiles)}};
}

}  // namespace headroom::data
