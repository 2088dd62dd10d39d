// SPDX-License-Identifier: Apache-2.0
#include "engine/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/units/units.h"
#include "engine/data/fingerprint.h"
#include "engine/data/kept_data.h"
#include "engine/data/learning.h"
#include "engine/data/mask_source.h"
#include "engine/data/picture_source.h"
#include "engine/data/text_source.h"
#include "engine/formats/picture_files.h"

namespace headroom::data {

void requireTraining(std::int64_t samples) {
    if (samples == 0)
        throw Error(Failure{Code::Dat05, "data", "nothing is left to train on", {}, {}, "Use more data or hold out less."});
}

namespace {

std::shared_ptr<const formats::Pictures> shared(formats::Pictures pictures) {
    return std::make_shared<const formats::Pictures>(std::move(pictures));
}

std::vector<std::int64_t> united(const Split& split) {
    std::vector<std::int64_t> all;
    std::ranges::merge(split.training, split.validation, std::back_inserter(all));
    return all;
}

/// Where pictures of these numbers of the list lie that `pictures` were chosen from; those that cannot be read are not among them.
std::vector<std::int64_t> placesIn(const std::vector<std::int64_t>& numbers, const formats::Pictures& pictures) {
    const auto& entries = pictures.files->entries();
    std::vector<std::int64_t> places;
    for (const std::int64_t number : numbers)
        if (const auto found = std::ranges::lower_bound(entries, number, {}, &formats::PictureFiles::Entry::number); found != entries.end() && found->number == number)
            places.push_back(found - entries.begin());
    return places;
}

/// Decodes a folder's pictures once, where a limit counts only those that training and validation see.
Split decodedSplit(formats::RawDataset& raw, const Preparation& preparation) {
    const formats::FolderOptions options = readerOptions(preparation).folder;
    const bool some = raw.pictures.files && !raw.pictures.files->areMet() && !raw.testPictures && preparation.data.limit > 0;
    if (!some) {
        formats::decodePictures(raw, options);
        return splitOf(raw, preparation);
    }
    const Split split = splitOf(raw, preparation);
    formats::keepOnly(raw.pictures, united(split));
    formats::decodePictures(raw, options);
    return {placesIn(split.training, raw.pictures), placesIn(split.validation, raw.pictures)};
}

void preparePictures(Dataset& dataset, formats::RawDataset& raw, Split split, const Preparation& preparation) {
    const auto& [crop, flip] = preparation.data.augment;
    requireTraining(std::ssize(split.training));
    const PixelStatistics statistics = pixelsFor(raw.pictures, split.training, preparation);
    dataset.reference = pictureReference(raw, split.training, statistics);
    const auto store = shared(std::move(raw.pictures));
    const auto normaliser = std::make_shared<const Normaliser>(statistics, store->bytesPerPicture());
    dataset.shape = {.kind = models::DataKind::Pictures, .task = models::Task::Classification, .channels = store->channels,
                     .height = store->height, .width = store->width, .outputs = static_cast<std::int64_t>(raw.classes.size())};
    dataset.training = std::make_unique<PictureSource>(store, std::move(split.training), normaliser, AugmentOptions{crop, flip});
    const auto held = raw.testPictures ? shared(std::move(*raw.testPictures)) : store;
    if (raw.testPictures) split.validation = allOf(held->count());
    if (!split.validation.empty())
        dataset.validation = std::make_unique<PictureSource>(held, std::move(split.validation), normaliser, AugmentOptions{});
}

void prepareMasks(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    const auto& [crop, flip] = preparation.data.augment;
    Split split = splitOf(raw, preparation);
    requireTraining(std::ssize(split.training));
    const PixelStatistics statistics = pixelsFor(raw.pictures, split.training, preparation);
    dataset.reference = maskReference(raw, split.training, statistics);
    const auto store = shared(std::move(raw.pictures));
    const auto masks = std::make_shared<const std::vector<std::uint8_t>>(std::move(raw.masks.train));
    const auto normaliser = std::make_shared<const Normaliser>(statistics, store->bytesPerPicture());
    dataset.shape = {.kind = models::DataKind::Pictures, .task = models::Task::Segmentation, .channels = store->channels,
                     .height = store->height, .width = store->width, .outputs = static_cast<std::int64_t>(raw.classes.size())};
    dataset.training = std::make_unique<MaskSource>(store, masks, split.training, normaliser, AugmentOptions{crop, flip});
    const auto held = raw.testPictures ? shared(std::move(*raw.testPictures)) : store;
    const auto heldMasks = raw.testPictures ? std::make_shared<const std::vector<std::uint8_t>>(std::move(raw.masks.test)) : masks;
    if (raw.testPictures) split.validation = allOf(held->count());
    if (!split.validation.empty()) dataset.validation = std::make_unique<MaskSource>(held, heldMasks, split.validation, normaliser, AugmentOptions{});
}

void noteFreeText(Dataset& dataset, const TableEncoding& encoding) {
    for (const ColumnEncoding& column : encoding.columns)
        if (column.type == formats::ColumnType::Text)
            dataset.notes.push_back(fmt::format("Column '{}' holds free text and is left out.", escaped(column.name)));
}

/// Those that a run keeps, as they stand in the table.
std::vector<RawInput> keptRows(const Dataset& dataset, const formats::RawTable& raw, const TableEncoding& encoding, std::span<const std::int64_t> part) {
    std::vector<std::int64_t> rows = keptNumbers(dataset.shape, std::ssize(part));
    for (std::int64_t& row : rows) row = part[static_cast<std::size_t>(row)];
    const formats::RawTable few = formats::rowsOf(raw, rows);
    const auto store = std::make_shared<const TableStore>(apply(encoding, few, placesOf(few), "the table", RawColumns::Keep));
    const std::vector<std::int64_t> all = allOf(std::ssize(rows));
    return TableSource(store, all).raw(all);
}

void prepareTable(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    Split split = splitOf(raw, preparation);
    requireTraining(std::ssize(split.training));
    const TableEncoding encoding = learn(raw.table, split.training);
    if (encoding.features() == 0)
        throw Error(Failure{Code::Dat05, "the table", "no column beside the target can be used", {}, {},
                            "Add a column of numbers or of a few distinct texts."});
    noteFreeText(dataset, encoding);
    dataset.reference = tableReference(raw, split.training, encoding);
    const auto store = std::make_shared<const TableStore>(apply(encoding, raw.table, placesOf(raw.table), "the table"));
    const bool regression = raw.table.regression;
    dataset.shape = {.kind = models::DataKind::Table,
                     .task = regression ? models::Task::Regression : models::Task::Classification,
                     .features = store->features,
                     .outputs = regression ? 1 : static_cast<std::int64_t>(raw.classes.size())};
    dataset.keptRows = keptRows(dataset, raw.table, encoding, split.validation.empty() ? split.training : split.validation);
    dataset.training = std::make_unique<TableSource>(store, std::move(split.training));
    if (!split.validation.empty()) dataset.validation = std::make_unique<TableSource>(store, std::move(split.validation));
}

/// The last tenth is held out; a limit counts windows of the context length.
void prepareText(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    const auto length = static_cast<std::int64_t>(raw.text.ids.size());
    const std::int64_t context = preparation.context;
    const auto [trainingEnd, validationBegin] = textParts(raw.text, preparation);
    if (std::min(trainingEnd, length / 10) < context + 1)
        throw Error(Failure{Code::Txt01, "the text", "the text is too short for the context length",
                            grouped(length) + " tokens", fmt::format("at least {}", grouped(10 * (context + 1))),
                            "Use a longer text."});
    dataset.classes = tokenNames(raw.text);
    dataset.reference = textReference(raw.text, trainingEnd, preparation);
    dataset.shape = {.kind = models::DataKind::Text, .task = models::Task::NextToken,
                     .vocabulary = static_cast<std::int64_t>(dataset.classes.size()), .context = context};
    const auto ids = std::make_shared<const std::vector<std::int32_t>>(std::move(raw.text.ids));
    dataset.training = std::make_unique<TextSource>(ids, 0, trainingEnd, context);
    dataset.validation = std::make_unique<TextSource>(ids, validationBegin, length, context);
}

/// Of this machine's memory; a GPU has its own.
std::uint64_t reservedBy(const config::RunConfig& config) {
    return config.device.starts_with("cuda") ? 0 : static_cast<std::uint64_t>(config::memoryBudget(config).value_or(0));
}

}  // namespace

Preparation preparationOf(const config::RunConfig& config, const graph::Graph* file) {
    return {config.data, static_cast<std::uint64_t>(config.train.seed), config.model.context,
            models::wantedPictures(config.data.side, config.model.arch, file), config.loader.threads, reservedBy(config)};
}

Dataset prepare(formats::RawDataset raw, const Preparation& preparation) {
    Dataset dataset;
    Split split;
    if (raw.kind == formats::Kind::Pictures) split = decodedSplit(raw, preparation);
    dataset.format = raw.format;
    dataset.classes = raw.classes;
    dataset.notes = std::move(raw.notes);
    dataset.fingerprint = fingerprintOf(raw);
    dataset.earlier = earlierFingerprintOf(raw);
    if (raw.kind == formats::Kind::Pictures)
        preparePictures(dataset, raw, std::move(split), preparation);
    else if (raw.kind == formats::Kind::Masks)
        prepareMasks(dataset, raw, preparation);
    else if (raw.kind == formats::Kind::Table)
        prepareTable(dataset, raw, preparation);
    else
        prepareText(dataset, raw, preparation);
    return dataset;
}

formats::DataOptions readerOptions(const Preparation& preparation) {
    const config::RunConfig::Data& data = preparation.data;
    formats::DataOptions options;
    options.folder.wanted = preparation.pictures;
    options.folder.threads = preparation.threads;
    options.folder.goesOn = preparation.goesOn;
    options.folder.reserved = preparation.reserved;
    options.folder.limits.room = preparation.room;
    options.folder.decoding = formats::Decoding::WhenAsked;
    options.limit = data.limit;
    options.target = data.target;
    options.acceptMissingBatches = data.acceptMissingBatches;
    if (data.tokenizer == "bytes") options.tokens = formats::Tokens::Bytes;
    if (data.tokenizer == "byte_pairs") options.tokens = formats::Tokens::BytePairs;
    options.tokenTables = data.tokenizerFolder;
    if (data.header != "auto") options.header = data.header == "yes" ? formats::Header::Yes : formats::Header::No;
    if (data.task == "classification") options.task = formats::Task::Classification;
    if (data.task == "regression") options.task = formats::Task::Regression;
    return options;
}

formats::RawDataset read(const Preparation& preparation) {
    return formats::readDataset(preparation.data.path, readerOptions(preparation));
}

Dataset load(const Preparation& preparation) { return prepare(read(preparation), preparation); }

}  // namespace headroom::data
