// SPDX-License-Identifier: Apache-2.0
#include "engine/data/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/errors/error.h"
#include "engine/data/mask_source.h"
#include "engine/data/picture_source.h"
#include "engine/data/reference_fields.h"
#include "engine/data/split.h"
#include "engine/data/table_encoding.h"
#include "engine/data/table_reference.h"
#include "engine/data/tokens.h"
#include "engine/formats/csv_rows.h"
#include "engine/formats/file.h"
#include "engine/formats/image.h"
#include "engine/formats/mask_image.h"
#include "engine/formats/text.h"

namespace headroom::data {
namespace {

namespace fs = std::filesystem;

/// A text may be longer than any path.
bool isFile(const std::string& input) {
    std::error_code ignored;
    return fs::exists(input, ignored);
}

models::DataShape pictureFilesShape(const Reference& reference) {
    const models::DataShape shape = pictureShapeOf(reference);
    if (shape.channels == 1 || shape.channels == 3) return shape;
    throw Error(Failure{Code::Dat05, "the model", "it takes pictures that no picture file holds", fmt::format("{} channels", shape.channels), "1 or 3 wanted",
                        "Verify it on data like those that it was trained on."});
}

/// No pixel counts.
std::shared_ptr<const std::vector<std::uint8_t>> unknownMasks(const formats::Pictures& pictures) {
    return std::make_shared<const std::vector<std::uint8_t>>(static_cast<std::size_t>(pictures.count() * pictures.height * pictures.width), formats::kIgnoredPixel);
}

Inputs pictures(const std::vector<std::string>& paths, const Reference& reference) {
    const models::DataShape shape = pictureFilesShape(reference);
    auto store = std::make_shared<formats::Pictures>(formats::Pictures{shape.height, shape.width, shape.channels, {}, {}});
    Inputs inputs{shape, {}, {}, nullptr};
    for (const std::string& path : paths) {
        const formats::Image whole = formats::readImage(path);
        const formats::Image image = formats::fitted(whole, shape.height, shape.width, shape.channels);
        inputs.sizes.push_back({whole.height, whole.width, whole.channels});
        store->pixels.insert(store->pixels.end(), image.pixels.begin(), image.pixels.end());
        store->labels.push_back(0);
        inputs.names.push_back(fs::path(path).filename().string());
    }
    const auto normaliser = normaliserOf(reference, shape);
    if (shape.task == models::Task::Segmentation)
        inputs.source = std::make_unique<MaskSource>(store, unknownMasks(*store), allOf(store->count()), normaliser, AugmentOptions{});
    else
        inputs.source = std::make_unique<PictureSource>(store, allOf(store->count()), normaliser, AugmentOptions{});
    return inputs;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

void addCell(std::string& row, std::string_view text) {
    if (!row.empty()) row += ',';
    row += '"';
    for (const char each : text) row.append(each == '"' ? 2 : 1, each);
    row += '"';
}

/// "column=value,column=value" as a table of one row.
std::string tableText(const std::string& row) {
    std::string names, values;
    for (std::size_t begin = 0; begin <= row.size();) {
        const std::size_t end = std::min(row.find(',', begin), row.size()), equals = row.find('=', begin);
        if (equals >= end)
            throw Error(Failure{Code::Dat04, escaped(row.substr(0, 80)), "neither a file nor a row", {}, {}, "Name a CSV file, or write column=value,column=value."});
        const std::string_view all = row;
        addCell(names, trimmed(all.substr(begin, equals - begin)));
        addCell(values, trimmed(all.substr(equals + 1, end - equals - 1)));
        begin = end + 1;
    }
    return names + "\n" + values + "\n";
}

formats::Table readTable(const std::string& input, const TableEncoding& encoding) {
    formats::CsvOptions options;
    options.numeric.emplace();
    const bool unnamed = isUnnamed(encoding), literal = !isFile(input);
    for (const ColumnEncoding& column : encoding.columns)
        if (column.type == formats::ColumnType::Numeric) options.numeric->push_back(unnamed && !literal ? std::to_string(positionIn(column.name).value()) : column.name);
    if (!unnamed || literal) options.header = true;
    return literal ? formats::parseRows(tableText(input), escaped(input), options) : formats::readRows(input, options);
}

std::string subjectOf(const std::string& input) { return escaped(isFile(input) ? fs::path(input).filename().string() : input); }

std::string nameOfRow(const std::string& input, std::int64_t row) {
    return isFile(input) ? fmt::format("{} row {}", fs::path(input).filename().string(), row + 1) : input;
}

void append(TableStore& all, TableStore part) {
    if (all.features == 0) {
        all = std::move(part);
        return;
    }
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    add(all.numbers, part.numbers);
    add(all.ones, part.ones);
    add(all.labels, part.labels);
    add(all.targets, part.targets);
    add(all.rawNumbers, part.rawNumbers);
    add(all.rawCategories, part.rawCategories);
}

Inputs tables(const std::vector<std::string>& named, const Reference& reference) {
    const TableEncoding encoding = tableEncodingFrom(reference.statistics);
    auto store = std::make_shared<TableStore>();
    Inputs inputs;
    for (const std::string& input : named) {
        formats::RawTable raw;
        raw.table = readTable(input, encoding);
        const auto rows = static_cast<std::size_t>(raw.table.rows);
        raw.labels.resize(rows);
        raw.values.resize(rows);
        append(*store, apply(encoding, raw, findColumns(encoding, raw.table, subjectOf(input)), subjectOf(input), RawColumns::Keep));
        for (std::int64_t row = 0; row < raw.table.rows; ++row) inputs.names.push_back(nameOfRow(input, row));
    }
    inputs.shape = shapeOf(reference);
    inputs.source = std::make_unique<TableSource>(store, allOf(static_cast<std::int64_t>(inputs.names.size())));
    return inputs;
}

/// Texts of their own lengths.
class TextInputs : public Source {
public:
    explicit TextInputs(std::vector<std::vector<std::int32_t>> texts) : m_texts(std::move(texts)) {}
    std::int64_t size() const override { return std::ssize(m_texts); }
    Samples assemble(std::span<const std::int64_t> samples, const Draw&, const Placement& placement) const override {
        const std::vector<std::int32_t>& text = m_texts[static_cast<std::size_t>(samples.front())];
        Samples made{batchTensor({1, std::ssize(text)}, at::kLong, placement), batchTensor({1, std::ssize(text)}, at::kLong, placement)};
        std::ranges::copy(text, made.input.data_ptr<std::int64_t>());
        std::ranges::copy(text, made.target.data_ptr<std::int64_t>());
        return made;
    }

private:
    std::vector<std::vector<std::int32_t>> m_texts;
};

std::string textOf(const std::string& input) {
    constexpr std::uint64_t kMost = std::uint64_t{64} << 20;
    if (!isFile(input)) return input;
    const formats::File file(input);
    std::string text(std::min(file.size(), kMost), '\0');
    file.readExactly(file.size() - text.size(), std::as_writable_bytes(std::span(text)), Code::Dat04);
    const auto isRest = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; };
    if (text.size() < file.size()) text.erase(text.begin(), std::ranges::find_if_not(text, isRest));  // of a character that began before
    return text;
}

Inputs texts(const std::vector<std::string>& named, const Reference& reference) {
    const auto vocabulary = field<std::vector<std::string>>(reference.statistics, "vocabulary");
    const models::DataShape shape = shapeOf(reference);
    const std::unique_ptr<formats::Tokenizer> tokenizer = tokenizerOf(reference.preparation.data, vocabulary);
    std::vector<std::vector<std::int32_t>> ids;
    for (const std::string& input : named) {
        ids.push_back(tokenizer->encode(textOf(input)));
        if (ids.back().empty()) throw Error(Failure{Code::Txt01, escaped(input), "the text is empty", "0 tokens", {}, "Begin with something."});
        if (std::ssize(ids.back()) > shape.context) ids.back().erase(ids.back().begin(), ids.back().end() - shape.context);
    }
    return {shape, named, {}, std::make_unique<TextInputs>(std::move(ids))};
}

}  // namespace

Inputs readInputs(const std::vector<std::string>& inputs, const Reference& reference) {
    const std::string kind = field<std::string>(reference.statistics, "kind");
    if (kind == "pictures") return pictures(inputs, reference);
    if (kind == "table") return tables(inputs, reference);
    if (kind == "text") return texts(inputs, reference);
    throw noPreparation("an unknown kind of data");
}

}  // namespace headroom::data
