// SPDX-License-Identifier: Apache-2.0
#include "engine/data/reference_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "base/errors/error.h"
#include "base/units/units.h"
#include "engine/data/dataset.h"
#include "engine/data/known_classes.h"
#include "engine/data/learning.h"
#include "engine/data/mask_source.h"
#include "engine/data/picture_source.h"
#include "engine/data/reference_fields.h"
#include "engine/data/table_reference.h"
#include "engine/data/text_source.h"
#include "engine/formats/characters.h"
#include "engine/formats/csv_cells.h"
#include "engine/formats/image.h"

namespace headroom::data {
namespace {

std::string nameOf(const Reference& reference) {
    return escaped(std::filesystem::path(reference.preparation.data.path).filename().string());
}

Error otherData(const Reference& reference, std::string problem, std::string found, std::string allowed) {
    return Error(Failure{Code::Dat05, nameOf(reference), std::move(problem), std::move(found), std::move(allowed),
                         "Choose data like those that the model was trained on."});
}

/// Worth learning from the data again, to see whether they are the run's own.
bool hasAsMany(const Reference& reference, std::size_t training) {
    return training > 0 && reference.statistics.value("samples", nlohmann::json()) == training;
}

struct Chosen {
    std::vector<std::int64_t> samples;
    const char* part;
};

/// Of data that are the run's own and have no test part.
Chosen ownPart(Split split) {
    if (split.validation.empty()) return {std::move(split.training), "training"};
    return {std::move(split.validation), "validation"};
}

bool areOwnPictures(const formats::RawDataset& raw, const Split& split, const Reference& reference) {
    return hasAsMany(reference, split.training.size()) &&
           pictureReference(raw, split.training, pixelsFor(raw.pictures, split.training, reference.preparation)) == reference.statistics;
}

std::string sizeText(std::int64_t height, std::int64_t width, std::int64_t channels) {
    return fmt::format("{} x {} pixels with {} {}", width, height, channels, channels == 1 ? "channel" : "channels");
}

void requireSize(const formats::Pictures& pictures, const models::DataShape& shape, const Reference& reference) {
    if (pictures.height == shape.height && pictures.width == shape.width && pictures.channels == shape.channels) return;
    throw otherData(reference, "pictures of another size than the model takes",
                    sizeText(pictures.height, pictures.width, pictures.channels),
                    sizeText(shape.height, shape.width, shape.channels) + " wanted");
}

/// `own`: they are what the run was trained on.
Chosen chosenOf(const formats::RawDataset& raw, Split split, bool own) {
    if (raw.testPictures) return {allOf(raw.testPictures->count()), own ? "validation" : "test"};
    return own ? ownPart(std::move(split)) : Chosen{allOf(raw.pictures.count()), "all"};
}

ReferenceData pictureData(formats::RawDataset& raw, const Reference& reference) {
    const models::DataShape shape = pictureShapeOf(reference);
    formats::decodePictures(raw, readerOptions(reference.preparation).folder);
    renumberLabels(raw, reference.classes, nameOf(reference));
    requireSize(raw.testPictures ? *raw.testPictures : raw.pictures, shape, reference);
    const auto normaliser = normaliserOf(reference, shape);
    Split split = splitOf(raw, reference.preparation);
    const bool own = areOwnPictures(raw, split, reference);
    Chosen chosen = chosenOf(raw, std::move(split), own);
    const auto store = std::make_shared<const formats::Pictures>(std::move(raw.testPictures ? *raw.testPictures : raw.pictures));
    return {shape, std::make_unique<PictureSource>(store, std::move(chosen.samples), normaliser, AugmentOptions{}), chosen.part};
}

/// The reader knows the model's classes already and refused what they do not hold.
ReferenceData maskData(formats::RawDataset& raw, const Reference& reference) {
    const models::DataShape shape = pictureShapeOf(reference);
    requireSize(raw.testPictures ? *raw.testPictures : raw.pictures, shape, reference);
    const auto normaliser = normaliserOf(reference, shape);
    Split split = splitOf(raw, reference.preparation);
    const bool own = hasAsMany(reference, split.training.size()) &&
                     maskReference(raw, split.training, pixelsFor(raw.pictures, split.training, reference.preparation)) == reference.statistics;
    Chosen chosen = chosenOf(raw, std::move(split), own);
    const auto store = std::make_shared<const formats::Pictures>(std::move(raw.testPictures ? *raw.testPictures : raw.pictures));
    const auto masks = std::make_shared<const std::vector<std::uint8_t>>(std::move(raw.testPictures ? raw.masks.test : raw.masks.train));
    return {shape, std::make_unique<MaskSource>(store, masks, chosen.samples, normaliser, AugmentOptions{}), chosen.part};
}

bool isOwnTable(const formats::RawDataset& raw, const Split& split, const Reference& reference) {
    return hasAsMany(reference, split.training.size()) &&
           tableReference(raw, split.training, learn(raw.table, split.training)) == reference.statistics;
}

models::DataShape tableShape(const TableEncoding& encoding, const Reference& reference) {
    const bool regression = encoding.values.has_value();
    return {.kind = models::DataKind::Table, .task = regression ? models::Task::Regression : models::Task::Classification, .features = encoding.features(),
            .outputs = regression ? 1 : static_cast<std::int64_t>(reference.classes.size())};
}

models::DataShape textShape(const Reference& reference) {
    const auto vocabulary = field<std::vector<std::string>>(reference.statistics, "vocabulary");
    const auto context = field<std::int64_t>(reference.statistics, "context");
    if (context < 1) throw noPreparation("no usable context");
    return {.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = std::ssize(vocabulary), .context = context};
}

ReferenceData tableData(formats::RawDataset& raw, const Reference& reference) {
    const TableEncoding encoding = tableEncodingFrom(reference.statistics);
    if (raw.table.regression != encoding.values.has_value())
        throw otherData(reference, "the target is of another kind than the model's", {}, {});
    renumberLabels(raw, reference.classes, nameOf(reference));
    const auto store = std::make_shared<const TableStore>(
        apply(encoding, raw.table, findColumns(encoding, raw.table.table, nameOf(reference)), nameOf(reference), RawColumns::Keep));
    Split split = splitOf(raw, reference.preparation);
    Chosen chosen = isOwnTable(raw, split, reference) ? ownPart(std::move(split)) : Chosen{allOf(raw.table.table.rows), "all"};
    return {tableShape(encoding, reference), std::make_unique<TableSource>(store, std::move(chosen.samples)), chosen.part};
}

std::string codePoint(const std::string& character) {
    return fmt::format("\"{}\" (U+{:04X})", escaped(character), static_cast<std::uint32_t>(formats::decoded(character)));
}

/// Ids of the reference's vocabulary for those of the text. A character that the text alone has is refused; the tokens of other
/// tokenizers are there before any text.
std::vector<std::int32_t> knownIds(const formats::Text& text, const std::vector<std::string>& vocabulary, const Reference& reference) {
    const std::vector<std::string> names = tokenNames(text);
    if (reference.preparation.data.tokenizer != "characters") {
        if (names == vocabulary) return text.ids;
        throw otherData(reference, "the tokenizer's tables are not the model's", fmt::format("{} tokens", grouped(static_cast<std::int64_t>(names.size()))),
                        fmt::format("{} tokens wanted", grouped(static_cast<std::int64_t>(vocabulary.size()))));
    }
    std::unordered_map<std::string, std::int32_t> places;
    for (const std::string& character : vocabulary) places.emplace(character, static_cast<std::int32_t>(places.size()));
    std::vector<std::int32_t> renewed;
    for (const std::string& character : names) {
        const auto found = places.find(character);
        if (found == places.end())
            throw otherData(reference, "a character that the model does not know", codePoint(character),
                            fmt::format("{} characters in its vocabulary", grouped(static_cast<std::int64_t>(vocabulary.size()))));
        renewed.push_back(found->second);
    }
    std::vector<std::int32_t> ids(text.ids.size());
    std::ranges::transform(text.ids, ids.begin(), [&](std::int32_t id) { return renewed[static_cast<std::size_t>(id)]; });
    return ids;
}

bool isOwnText(const formats::Text& text, std::int64_t trainingEnd, const Preparation& preparation, const Reference& reference) {
    return hasAsMany(reference, static_cast<std::size_t>(trainingEnd)) && trainingEnd <= static_cast<std::int64_t>(text.ids.size()) &&
           textReference(text, trainingEnd, preparation) == reference.statistics;
}

ReferenceData textData(formats::RawDataset& raw, const Reference& reference) {
    const auto vocabulary = field<std::vector<std::string>>(reference.statistics, "vocabulary");
    Preparation preparation = reference.preparation;
    const models::DataShape shape = textShape(reference);
    preparation.context = shape.context;
    const auto length = static_cast<std::int64_t>(raw.text.ids.size());
    if (length <= preparation.context)
        throw Error(Failure{Code::Txt01, nameOf(reference), "the text is too short for the context length",
                            grouped(length) + " tokens", "at least " + grouped(preparation.context + 1), "Use a longer text."});
    const TextParts parts = textParts(raw.text, preparation);
    const bool own = isOwnText(raw.text, parts.trainingEnd, preparation, reference);
    const auto ids = std::make_shared<const std::vector<std::int32_t>>(knownIds(raw.text, vocabulary, reference));
    return {shape, std::make_unique<TextSource>(ids, own ? parts.validationBegin : 0, length, preparation.context),
            own ? "validation" : "all"};
}

/// Classes are numbers only where the whole target column was: one text among them makes all of them texts.
bool areNumbers(const std::vector<std::string>& classes) {
    double ignored = 0;
    return std::ranges::all_of(classes, [&](const auto& name) { return formats::classify(name, ignored) == formats::Cell::Number; });
}

/// How a column of the reference is called where it is looked for in another table.
std::string nameFor(const std::string& column, bool unnamed) {
    return unnamed ? std::to_string(positionIn(column).value()) : column;
}

/// Types and target come from the reference, so that a short or one-sided table is not understood otherwise.
void expectColumns(formats::DataOptions& options, const Reference& reference) {
    const TableEncoding encoding = tableEncodingFrom(reference.statistics);
    const bool unnamed = isUnnamed(encoding);
    options.target = nameFor(encoding.target, unnamed);
    options.task = encoding.values ? formats::Task::Regression : formats::Task::Classification;
    if (!unnamed) options.header = formats::Header::Yes;
    options.numeric.emplace();
    for (const ColumnEncoding& column : encoding.columns)
        if (column.type == formats::ColumnType::Numeric) options.numeric->push_back(nameFor(column.name, unnamed));
    if (encoding.values || areNumbers(reference.classes)) options.numeric->push_back(options.target);
}

bool isOfMasks(const Reference& reference) { return reference.statistics.value("task", nlohmann::json()) == "segmentation"; }

formats::Kind kindOf(const Reference& reference) {
    const std::string kind = field<std::string>(reference.statistics, "kind");
    if (kind == "pictures") return isOfMasks(reference) ? formats::Kind::Masks : formats::Kind::Pictures;
    if (kind == "table") return formats::Kind::Table;
    if (kind == "text") return formats::Kind::Text;
    throw noPreparation("an unknown kind of data");
}

}  // namespace

models::DataShape pictureShapeOf(const Reference& reference) {
    const auto size = field<std::vector<std::int64_t>>(reference.statistics, "size");
    constexpr formats::ImageLimits kLimits{};
    const bool inRange = size.size() == 3 && std::ranges::all_of(size, [](std::int64_t extent) { return extent >= 1 && extent <= kLimits.maxSide; });
    if (!inRange || static_cast<std::uint64_t>(size[0] * size[1] * size[2]) > kLimits.maxDecoded) throw noPreparation("no usable size");
    const models::Task task = isOfMasks(reference) ? models::Task::Segmentation : models::Task::Classification;
    return {.kind = models::DataKind::Pictures, .task = task, .channels = size[2], .height = size[0],
            .width = size[1], .outputs = static_cast<std::int64_t>(reference.classes.size())};
}

models::DataShape shapeOf(const Reference& reference) {
    switch (kindOf(reference)) {
        case formats::Kind::Pictures:
        case formats::Kind::Masks: return pictureShapeOf(reference);
        case formats::Kind::Table: return tableShape(tableEncodingFrom(reference.statistics), reference);
        case formats::Kind::Text: return textShape(reference);
    }
    return {};
}

std::shared_ptr<const Normaliser> normaliserOf(const Reference& reference, const models::DataShape& shape) {
    const PixelStatistics statistics{field<std::vector<double>>(reference.statistics, "mean"),
                                     field<std::vector<double>>(reference.statistics, "deviation")};
    const auto channels = static_cast<std::size_t>(shape.channels);
    if (statistics.mean.size() != channels || statistics.deviation.size() != channels ||
        !std::ranges::all_of(statistics.deviation, [](double deviation) { return deviation > 0; }))
        throw noPreparation("no usable mean and deviation of each channel");
    return std::make_shared<const Normaliser>(statistics, shape.height * shape.width * shape.channels);
}

std::vector<std::string> namesFrom(const nlohmann::json& classes) {
    if (!holds<std::vector<std::string>>(classes)) throw noPreparation("no usable classes");
    return classes.get<std::vector<std::string>>();
}

ReferenceData prepareByReference(formats::RawDataset raw, const Reference& reference) {
    constexpr const char* kNames[] = {"pictures", "a table", "text", "pictures with masks"};
    const formats::Kind wanted = kindOf(reference);
    if (raw.kind != wanted)
        throw otherData(reference, "data of another kind than the model takes", kNames[static_cast<int>(raw.kind)],
                        fmt::format("{} wanted", kNames[static_cast<int>(wanted)]));
    if (wanted == formats::Kind::Pictures) return pictureData(raw, reference);
    if (wanted == formats::Kind::Masks) return maskData(raw, reference);
    return wanted == formats::Kind::Table ? tableData(raw, reference) : textData(raw, reference);
}

ReferenceData loadByReference(const Reference& reference) {
    formats::DataOptions options = readerOptions(reference.preparation);
    options.acceptMissingBatches = true;  // they would be for training
    options.folder.leastClasses = 1;      // the model has its own
    if (kindOf(reference) == formats::Kind::Table) expectColumns(options, reference);
    if (kindOf(reference) == formats::Kind::Masks) {
        options.masks.classes = reference.classes;
        options.masks.twoValued = field<bool>(reference.statistics, "two_valued");
    }
    if (kindOf(reference) == formats::Kind::Pictures || kindOf(reference) == formats::Kind::Masks) {
        const models::DataShape shape = pictureShapeOf(reference);
        options.folder.wanted = {shape.channels, shape.height, shape.width};
    }
    return prepareByReference(formats::readDataset(reference.preparation.data.path, options), reference);
}

}  // namespace headroom::data
