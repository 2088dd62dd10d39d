// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/formats/cifar.h"
#include "engine/formats/detect.h"
#include "engine/formats/idx.h"
#include "engine/formats/picture_files.h"
#include "engine/formats/tokenizer.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kMostNumberClasses = 20;

std::vector<std::string> numberedClasses(std::int64_t count) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}

RawDataset readIdxData(const Detected& detected, const DataOptions& options) {
    IdxPictures pictures =
        readIdxSet(*findIdxSet(detected.path), options.limit, options.classes, options.pictureLimits);
    RawDataset data;
    data.format = "IDX";
    data.classes = numberedClasses(pictures.classes);
    data.pictures = std::move(pictures.train);
    data.testPictures = std::move(pictures.test);
    return data;
}

RawDataset readCifarData(const Detected& detected, const DataOptions& options) {
    CifarPictures pictures =
        readCifar(detected.path, detected.files, {options.limit, options.acceptMissingBatches, options.pictureLimits});
    RawDataset data;
    data.format = pictures.kind == CifarKind::Ten ? "CIFAR-10" : "CIFAR-100";
    data.classes = std::move(pictures.classes);
    data.pictures = std::move(pictures.train);
    data.testPictures = std::move(pictures.test);
    data.notes = std::move(pictures.notes);
    return data;
}

RawDataset readFolderData(const Detected& detected, const DataOptions& options) {
    FolderOptions folder = options.folder;
    folder.limit = options.limit;
    PictureFolder listed = listPictures(detected.path, folder);
    RawDataset data;
    data.format = "picture folder";
    data.resized = true;
    data.classes = listed.classes;
    FolderPictures pictures = folder.decoding == Decoding::Now ? readPictures(std::move(listed), folder) : openPictures(std::move(listed), folder);
    data.pictures = std::move(pictures.train);
    data.testPictures = std::move(pictures.test);
    data.notes = std::move(pictures.notes);
    return data;
}

RawDataset readMaskData(const Detected& detected, const DataOptions& options) {
    FolderOptions folder = options.folder;
    folder.limit = options.limit;
    MaskedPictures read = readMasks(listMasks(detected.path, folder), folder, options.masks);
    RawDataset data;
    data.kind = Kind::Masks;
    data.format = "pictures with masks";
    data.resized = true;
    data.classes = std::move(read.classes);
    data.pictures = std::move(read.train);
    data.testPictures = std::move(read.test);
    data.masks = std::move(read.masks);
    data.notes = std::move(read.notes);
    return data;
}

/// The distinct values of a column of whole numbers, or nothing where there are more than make classes.
std::set<double> fewDistinct(const std::vector<double>& numbers, std::size_t most) {
    std::set<double> distinct;
    for (const double number : numbers) {
        distinct.insert(number);
        if (distinct.size() > most) return {};
    }
    return distinct;
}

/// Whole numbers with few distinct values are classes, as is text; `task` may say otherwise.
bool isRegression(const Column& column, Task task) {
    if (task != Task::Auto) return task == Task::Regression;
    return column.type == ColumnType::Numeric &&
           (!column.whole || fewDistinct(column.numbers, kMostNumberClasses).empty());
}

void takeNumberClasses(const Column& column, RawDataset& data) {
    const std::set<double> distinct = fewDistinct(column.numbers, column.numbers.size());
    const std::vector<double> sorted(distinct.begin(), distinct.end());
    for (const double value : sorted) data.classes.push_back(fmt::format("{}", value));
    for (const double value : column.numbers)
        data.table.labels.push_back(
            static_cast<std::int32_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin()));
}

RawDataset readTableData(const Detected& detected, const DataOptions& options) {
    CsvOptions csv;
    if (options.header != Header::Auto) csv.header = options.header == Header::Yes;
    csv.target = options.target;
    csv.targetIsNumber = options.task == Task::Regression;
    csv.numeric = options.numeric;
    csv.limits = options.csvLimits;
    RawDataset data;
    data.kind = Kind::Table;
    data.table.table = readCsv(detected.path, csv);
    data.format = data.table.table.delimiter == '\t' ? "TSV" : "CSV";
    std::vector<std::string> names;
    for (const Column& column : data.table.table.columns) names.push_back(column.name);
    data.table.target = static_cast<int>(targetColumn(names, options.target, detected.path.filename().string()));
    const Column& target = data.table.table.columns[static_cast<std::size_t>(data.table.target)];
    data.table.regression = isRegression(target, options.task);
    if (data.table.regression) {
        data.table.values = target.numbers;
    } else if (target.type == ColumnType::Numeric) {
        takeNumberClasses(target, data);
    } else {
        data.classes = target.categories;
        data.table.labels = target.codes;
    }
    return data;
}

RawDataset readTextData(const Detected& detected, const DataOptions& options) {
    RawDataset data;
    data.kind = Kind::Text;
    data.format = "text";
    switch (options.tokens) {
        case Tokens::Characters: data.text = readText(detected.path, options.textLimits); break;
        case Tokens::Bytes: data.text = readText(detected.path, *byteTokenizer()); break;
        case Tokens::BytePairs: data.text = readText(detected.path, *bytePairTokenizer(options.tokenTables)); break;
    }
    return data;
}

template <typename T>
std::vector<T> picked(const std::vector<T>& all, std::span<const std::int64_t> rows) {
    std::vector<T> some;
    if (!all.empty())
        for (const std::int64_t row : rows) some.push_back(all[static_cast<std::size_t>(row)]);
    return some;
}

Column picked(const Column& column, std::span<const std::int64_t> rows) {
    Column some{column.name, column.type, picked(column.numbers, rows), picked(column.codes, rows), column.categories, {}, column.missing, column.whole};
    if (column.texts.size() > 0)
        for (const std::int64_t row : rows) some.texts.add(column.texts[static_cast<std::size_t>(row)]);
    return some;
}

}  // namespace

RawTable rowsOf(const RawTable& raw, std::span<const std::int64_t> rows) {
    RawTable some{{{}, std::ssize(rows), raw.table.header, raw.table.delimiter}, raw.target, raw.regression, picked(raw.labels, rows), picked(raw.values, rows)};
    for (const Column& column : raw.table.columns) some.table.columns.push_back(picked(column, rows));
    return some;
}

void decodePictures(RawDataset& raw, const FolderOptions& options) {
    if (!raw.pictures.files || raw.pictures.files->areMet()) return;
    FolderPictures pictures{std::move(raw.pictures), std::move(raw.testPictures), std::move(raw.notes)};
    decodePictures(pictures, raw.classes, options);
    raw.pictures = std::move(pictures.train);
    raw.testPictures = std::move(pictures.test);
    raw.notes = std::move(pictures.notes);
}

PictureRoom roomFor(const RawDataset& raw, const FolderOptions& options) {
    if (!raw.pictures.files) return {};
    return roomFor({raw.pictures, raw.testPictures, {}}, options);
}

RawDataset readDataset(const std::filesystem::path& path, const DataOptions& options) {
    const Detected detected = detect(path);
    switch (detected.format) {
        case Format::IdxSet:
            return readIdxData(detected, options);
        case Format::Cifar:
            return readCifarData(detected, options);
        case Format::Csv:
            return readTableData(detected, options);
        case Format::Text:
            return readTextData(detected, options);
        case Format::PictureFolder:
            return readFolderData(detected, options);
        case Format::MaskFolder:
            return readMaskData(detected, options);
    }
    return {};
}

}  // namespace headroom::formats
