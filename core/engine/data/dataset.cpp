// SPDX-License-Identifier: Apache-2.0
#include "engine/data/dataset.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors/error.h"
#include "base/units/units.h"
#include "engine/data/fingerprint.h"
#include "engine/data/picture_source.h"
#include "engine/data/split.h"
#include "engine/data/table_encoding.h"
#include "engine/data/text_source.h"

namespace headroom::data {
namespace {

std::vector<std::int64_t> classCounts(std::span<const std::int32_t> labels, std::span<const std::int64_t> chosen,
                                      std::size_t classes) {
    std::vector<std::int64_t> counts(classes);
    for (const std::int64_t sample : chosen) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(sample)])];
    return counts;
}

void requireTraining(const Split& split) {
    if (split.training.empty())
        throw Error(Failure{Code::Dat05, "data", "nothing is left to train on", {}, {}, "Use more data or hold out less."});
}

std::shared_ptr<const formats::Pictures> shared(formats::Pictures pictures) {
    return std::make_shared<const formats::Pictures>(std::move(pictures));
}

void preparePictures(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    const auto& [crop, flip] = preparation.data.augment;
    const auto store = shared(std::move(raw.pictures));
    Split split;
    if (raw.testPictures)
        split.training = allOf(store->count());
    else
        split = holdOut(store->count(), store->labels, preparation.data.holdout, preparation.seed);
    limitTraining(split, preparation.data.limit);
    requireTraining(split);

    const PixelStatistics statistics = pixelStatistics(store->pixels, store->bytesPerPicture(), store->channels, split.training);
    const auto normaliser = std::make_shared<const Normaliser>(statistics, store->bytesPerPicture());
    dataset.reference = {{"kind", "pictures"},
                         {"samples", split.training.size()},
                         {"size", {store->height, store->width, store->channels}},
                         {"mean", statistics.mean},
                         {"deviation", statistics.deviation},
                         {"class_counts", classCounts(store->labels, split.training, raw.classes.size())}};
    dataset.shape = {.kind = models::DataKind::Pictures, .task = models::Task::Classification, .channels = store->channels,
                     .height = store->height, .width = store->width, .outputs = static_cast<std::int64_t>(raw.classes.size())};
    dataset.training = std::make_unique<PictureSource>(store, std::move(split.training), normaliser, AugmentOptions{crop, flip});
    const auto held = raw.testPictures ? shared(std::move(*raw.testPictures)) : store;
    if (raw.testPictures) split.validation = allOf(held->count());
    if (!split.validation.empty())
        dataset.validation = std::make_unique<PictureSource>(held, std::move(split.validation), normaliser, AugmentOptions{});
}

void prepareTable(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    Split split = holdOut(raw.table.table.rows, raw.table.labels, preparation.data.holdout, preparation.seed);
    limitTraining(split, preparation.data.limit);
    requireTraining(split);
    EncodedTable encoded = encode(raw.table, split.training);
    dataset.notes.insert(dataset.notes.end(), encoded.notes.begin(), encoded.notes.end());
    dataset.reference = {{"kind", "table"},
                         {"samples", split.training.size()},
                         {"features", encoded.store->features},
                         {"columns", std::move(encoded.columns)},
                         {"target", std::move(encoded.target)}};
    const bool regression = raw.table.regression;
    if (!regression)
        dataset.reference["class_counts"] = classCounts(raw.table.labels, split.training, raw.classes.size());
    dataset.shape = {.kind = models::DataKind::Table,
                     .task = regression ? models::Task::Regression : models::Task::Classification,
                     .features = encoded.store->features,
                     .outputs = regression ? 1 : static_cast<std::int64_t>(raw.classes.size())};
    dataset.training = std::make_unique<TableSource>(encoded.store, std::move(split.training));
    if (!split.validation.empty())
        dataset.validation = std::make_unique<TableSource>(encoded.store, std::move(split.validation));
}

/// The last tenth is held out; a limit counts windows of the context length.
void prepareText(Dataset& dataset, formats::RawDataset& raw, const Preparation& preparation) {
    const auto length = static_cast<std::int64_t>(raw.text.ids.size());
    const std::int64_t context = preparation.context;
    const std::int64_t validationBegin = length - length / 10;
    std::int64_t trainingEnd = validationBegin;
    if (preparation.data.limit > 0) trainingEnd = std::min(trainingEnd, preparation.data.limit * context + 1);
    if (std::min(trainingEnd, length / 10) < context + 1)
        throw Error(Failure{Code::Txt01, "the text", "the text is too short for the context length",
                            grouped(length) + " characters", fmt::format("at least {}", grouped(10 * (context + 1))),
                            "Use a longer text."});
    std::vector<std::int64_t> counts(raw.text.vocabulary.size());
    for (std::int64_t i = 0; i < trainingEnd; ++i) ++counts[static_cast<std::size_t>(raw.text.ids[static_cast<std::size_t>(i)])];
    for (const char32_t character : raw.text.vocabulary) dataset.classes.push_back(formats::toUtf8(character));
    dataset.reference = {{"kind", "text"}, {"samples", trainingEnd}, {"context", context},
                         {"vocabulary", dataset.classes}, {"counts", counts}};
    dataset.shape = {.kind = models::DataKind::Text, .task = models::Task::NextToken,
                     .vocabulary = static_cast<std::int64_t>(counts.size()), .context = context};
    const auto ids = std::make_shared<const std::vector<std::int32_t>>(std::move(raw.text.ids));
    dataset.training = std::make_unique<TextSource>(ids, 0, trainingEnd, context);
    dataset.validation = std::make_unique<TextSource>(ids, validationBegin, length, context);
}

formats::DataOptions readerOptions(const config::RunConfig::Data& data) {
    formats::DataOptions options;
    options.limit = data.limit;
    options.target = data.target;
    options.acceptMissingBatches = data.acceptMissingBatches;
    if (data.header != "auto") options.header = data.header == "yes" ? formats::Header::Yes : formats::Header::No;
    if (data.task == "classification") options.task = formats::Task::Classification;
    if (data.task == "regression") options.task = formats::Task::Regression;
    return options;
}

}  // namespace

Preparation preparationOf(const config::RunConfig& config) {
    return {config.data, static_cast<std::uint64_t>(config.train.seed), models::DataShape{}.context};
}

Dataset prepare(formats::RawDataset raw, const Preparation& preparation) {
    Dataset dataset;
    dataset.format = raw.format;
    dataset.classes = raw.classes;
    dataset.notes = std::move(raw.notes);
    dataset.fingerprint = fingerprintOf(raw);
    if (raw.kind == formats::Kind::Pictures)
        preparePictures(dataset, raw, preparation);
    else if (raw.kind == formats::Kind::Table)
        prepareTable(dataset, raw, preparation);
    else
        prepareText(dataset, raw, preparation);
    return dataset;
}

formats::RawDataset read(const Preparation& preparation) {
    return formats::readDataset(preparation.data.path, readerOptions(preparation.data));
}

Dataset load(const Preparation& preparation) { return prepare(read(preparation), preparation); }

}  // namespace headroom::data
