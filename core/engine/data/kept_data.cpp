// SPDX-License-Identifier: Apache-2.0
#include "engine/data/kept_data.h"

#include <ATen/ops/index_select.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/errors/error.h"
#include "engine/data/mask_source.h"
#include "engine/data/picture_source.h"
#include "engine/data/reference_fields.h"
#include "engine/data/split.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/tokenizer.h"
#include "engine/tensor/bridge.h"

namespace headroom::data {
namespace {

namespace fs = std::filesystem;
using formats::StType;
using nlohmann::json;

constexpr const char* kKey = "headroom.data";
constexpr const char* kRaw = "raw.";  ///< before the names of a file's inputs that prepares samples itself
constexpr std::int64_t kMostBytes = std::int64_t{8} << 20;

fs::path fileOf(const fs::path& folder, const std::string& fingerprint) { return folder / (fingerprint + ".safetensors"); }
fs::path tablesIn(const fs::path& folder, const std::string& fingerprint) { return folder / (fingerprint + ".tokenizer"); }

StType typeOf(at::ScalarType type) {
    if (type == at::kByte) return StType::U8;
    return type == at::kLong ? StType::I64 : StType::F32;
}

graph::DType typeOf(StType type) {
    if (type == StType::U8) return graph::DType::U8;
    if (type == StType::I64) return graph::DType::I64;
    if (type == StType::F32) return graph::DType::F32;
    throw noPreparation("samples of another type");
}

using Tensors = std::map<std::string, at::Tensor>;

/// Rows of tensors as they were made once.
class KeptSource : public Source, public RawSource {
public:
    explicit KeptSource(Tensors tensors, std::int64_t terms) : m_tensors(std::move(tensors)), m_terms(terms) {}

    std::int64_t size() const override { return m_tensors.at("target").size(0); }
    std::int64_t termsPerSample() const override { return m_terms; }
    Samples assemble(std::span<const std::int64_t> samples, const Draw&, const Placement& placement) const override {
        const at::Tensor input = rows("input", samples);
        return {input.is_floating_point() ? input.to(placement.input) : input, rows("target", samples)};
    }
    std::vector<RawInput> raw(std::span<const std::int64_t> samples) const override {
        std::vector<RawInput> inputs;
        for (const char* name : {"numbers", "categories"})  // in the order of a table's own
            if (m_tensors.contains(kRaw + std::string(name))) inputs.push_back({name, rows(kRaw + std::string(name), samples)});
        return inputs;
    }

private:
    at::Tensor rows(const std::string& name, std::span<const std::int64_t> samples) const {
        const at::Tensor numbers = batchTensor({std::ssize(samples)}, at::kLong, {});
        std::ranges::copy(samples, numbers.data_ptr<std::int64_t>());
        return m_tensors.at(name).index_select(0, numbers);
    }

    const Tensors m_tensors;
    const std::int64_t m_terms;
};

/// Pictures as bytes alone: what the net takes follows from them. Masks are bytes, too.
Tensors picturesIn(const Source& part, std::span<const std::int64_t> numbers, models::Task task) {
    const auto& raw = dynamic_cast<const RawSource&>(part);
    const at::Tensor target = part.assemble(numbers, {}, {}).target;
    return {{"raw.picture", raw.raw(numbers).front().tensor}, {"target", task == models::Task::Segmentation ? target.to(at::kByte) : target}};
}

Tensors samplesOf(const Dataset& dataset) {
    const Source& part = dataset.validation ? *dataset.validation : *dataset.training;
    const std::vector<std::int64_t> numbers = keptNumbers(dataset.shape, part.size());
    if (dataset.shape.kind == models::DataKind::Pictures) return picturesIn(part, numbers, dataset.shape.task);
    const Samples samples = part.assemble(numbers, {}, {});
    Tensors tensors{{"input", samples.input}, {"target", samples.target}};
    for (const RawInput& each : dataset.keptRows) tensors.emplace(kRaw + each.name, each.tensor);
    return tensors;
}

json documentOf(const Dataset& dataset) {
    return {{"format", dataset.format}, {"fingerprint", dataset.fingerprint}, {"part", dataset.validation ? "validation" : "training"},
            {"reference", dataset.reference}, {"classes", dataset.classes}};
}

void write(const fs::path& file, const Tensors& tensors, const json& document) {
    std::map<std::string, std::vector<std::byte>> bytes;
    std::vector<formats::StView> views;
    for (const auto& [name, tensor] : tensors) {
        const auto& kept = bytes.emplace(name, tensor::toBytes(tensor)).first->second;
        views.push_back({{name, typeOf(tensor.scalar_type()), tensor.sizes().vec()}, kept});
    }
    formats::writeSafetensors(file, views, {{kKey, document.dump()}});
}

/// Under a name that is there only once both are.
void copyTables(const fs::path& from, const fs::path& to) {
    if (fs::exists(to)) return;
    const fs::path made = to.string() + ".tmp";
    std::error_code error;
    fs::create_directories(made, error);
    for (const fs::path& table : formats::bytePairTables(from))
        if (!error) fs::copy_file(table, made / table.filename(), fs::copy_options::overwrite_existing, error);
    if (!error) fs::rename(made, to, error);
    if (error)
        throw Error(Failure{Code::Dsk02, escaped(to.filename().string()), "the tokenizer's tables cannot be copied", error.message(), {},
                            "Check the folder and the room on the disk."});
}

Tensors tensorsIn(const formats::SafetensorsFile& file) {
    Tensors tensors;
    for (const formats::StTensor& each : file.tensors()) tensors.emplace(each.name, tensor::fromBytes(typeOf(each.type), each.shape, file.read(each)));
    if (!tensors.contains("target") || tensors["target"].dim() == 0) throw noPreparation("no samples");
    for (const auto& [name, tensor] : tensors)
        if (tensor.dim() == 0 || tensor.size(0) != tensors["target"].size(0)) throw noPreparation("samples of different numbers");
    return tensors;
}

template <typename T, typename From>
std::vector<T> elementsOf(const at::Tensor& tensor) {
    return {tensor.const_data_ptr<From>(), tensor.const_data_ptr<From>() + tensor.numel()};
}

bool isOf(const at::Tensor& tensor, at::ScalarType type, const std::vector<std::int64_t>& sample) {
    return tensor.scalar_type() == type && tensor.sizes().slice(1) == at::IntArrayRef(sample);
}

std::unique_ptr<Source> pictureSource(const Tensors& tensors, const Reference& reference, const models::DataShape& shape) {
    const bool hasMasks = shape.task == models::Task::Segmentation;
    const auto found = tensors.find("raw.picture");
    const at::Tensor target = tensors.at("target").contiguous();
    if (found == tensors.end() || !isOf(found->second, at::kByte, {shape.channels, shape.height, shape.width}) ||
        !(hasMasks ? isOf(target, at::kByte, {shape.height, shape.width}) : isOf(target, at::kLong, {})))
        throw noPreparation("pictures of another size");
    auto store = std::make_shared<formats::Pictures>(formats::Pictures{shape.height, shape.width, shape.channels, {}, {}});
    store->pixels = elementsOf<std::uint8_t, std::uint8_t>(found->second.permute({0, 2, 3, 1}).contiguous());
    const std::vector<std::int64_t> all = allOf(target.size(0));
    if (!hasMasks) {
        store->labels = elementsOf<std::int32_t, std::int64_t>(target);
        return std::make_unique<PictureSource>(store, all, normaliserOf(reference, shape), AugmentOptions{});
    }
    store->labels.resize(all.size());  // without a meaning, but their number is that of the pictures
    auto masks = std::make_shared<const std::vector<std::uint8_t>>(elementsOf<std::uint8_t, std::uint8_t>(target));
    return std::make_unique<MaskSource>(store, std::move(masks), all, normaliserOf(reference, shape), AugmentOptions{});
}

std::unique_ptr<Source> sourceOf(Tensors tensors, const Reference& reference, const models::DataShape& shape) {
    if (shape.kind == models::DataKind::Pictures) return pictureSource(tensors, reference, shape);
    const auto input = tensors.find("input");
    const std::int64_t width = shape.kind == models::DataKind::Text ? shape.context : shape.features;
    if (input == tensors.end() || input->second.dim() != 2 || input->second.size(1) != width) throw noPreparation("samples of another width");
    return std::make_unique<KeptSource>(std::move(tensors), shape.kind == models::DataKind::Text ? shape.context : 1);
}

}  // namespace

std::vector<std::int64_t> keptNumbers(const models::DataShape& shape, std::int64_t samples) {
    const std::int64_t each = shape.kind == models::DataKind::Pictures ? (shape.channels + (shape.task == models::Task::Segmentation)) * shape.height * shape.width
                              : shape.kind == models::DataKind::Table  ? shape.features * std::int64_t{sizeof(float)}
                                                                       : 2 * shape.context * std::int64_t{sizeof(std::int64_t)};
    const std::int64_t count = std::min(samples, std::clamp<std::int64_t>(kMostBytes / std::max<std::int64_t>(each, 1), 1, kMostKept));
    std::vector<std::int64_t> numbers;
    for (std::int64_t k = 0; k < count; ++k) numbers.push_back(k * samples / count);
    return numbers;
}

void keepData(const fs::path& folder, const Dataset& dataset, const Preparation& preparation) {
    const fs::path file = fileOf(folder, dataset.fingerprint);
    if (fs::exists(file)) return;
    std::error_code error;
    fs::create_directories(folder, error);  // where that fails, writing says so
    if (preparation.data.tokenizer == "byte_pairs" && dataset.shape.kind == models::DataKind::Text)
        copyTables(preparation.data.tokenizerFolder, tablesIn(folder, dataset.fingerprint));
    write(file, samplesOf(dataset), documentOf(dataset));
}

Dataset learntData(const Reference& reference, std::string format, std::string fingerprint) {
    Dataset dataset;
    dataset.shape = shapeOf(reference);
    dataset.format = std::move(format);
    dataset.classes = reference.classes;
    dataset.reference = reference.statistics;
    dataset.fingerprint = std::move(fingerprint);
    return dataset;
}

std::optional<KeptData> keptData(const fs::path& folder, const std::string& fingerprint, const Preparation& preparation) {
    if (!fs::exists(fileOf(folder, fingerprint))) return std::nullopt;
    const formats::SafetensorsFile file(fileOf(folder, fingerprint));
    const auto text = file.metadata().find(kKey);
    const json document = text == file.metadata().end() ? json() : json::parse(text->second, nullptr, false);
    const Reference reference{preparation, field<json>(document, "reference"), namesFrom(field<json>(document, "classes"))};
    KeptData kept{learntData(reference, field<std::string>(document, "format"), fingerprint), {}};
    const bool heldOut = field<std::string>(document, "part") == "validation";
    (heldOut ? kept.dataset.validation : kept.dataset.training) = sourceOf(tensorsIn(file), reference, kept.dataset.shape);
    if (fs::exists(tablesIn(folder, fingerprint))) kept.tokenTables = tablesIn(folder, fingerprint);
    return kept;
}

}  // namespace headroom::data
