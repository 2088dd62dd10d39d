// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/exported_file.h"

#include <fmt/format.h>

#include <map>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "base/errors/error.h"
#include "engine/data/reference_fields.h"
#include "engine/formats/onnx_metadata.h"

namespace headroom::deploy {
namespace {

namespace fs = std::filesystem;
using Metadata = std::map<std::string, std::string>;

/// Text of an entry of the metadata; empty where it is not there, which is no JSON either.
std::string entry(const Metadata& metadata, const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? std::string() : found->second;
}

nlohmann::json document(const Metadata& metadata, const char* name) {
    nlohmann::json parsed = nlohmann::json::parse(entry(metadata, name), nullptr, false);
    if (parsed.is_discarded()) throw data::noPreparation(fmt::format("no usable {}", name));
    return parsed;
}

}  // namespace

config::RunConfig withoutFolders(config::RunConfig config) {
    for (const config::Field& field : config::fields()) {
        if (field.type != config::Type::Path) continue;
        const fs::path path = std::get<std::string>(field.read(config)), whole = path.lexically_normal();
        const fs::path last = whole.has_filename() ? whole.filename() : whole.parent_path().filename();  // of a folder with a slash behind it
        field.write(config, last.string());
    }
    return config;
}

data::Reference referenceOf(const fs::path& file, const fs::path& data) {
    const Metadata metadata = formats::readOnnxMetadata(file);
    if (!metadata.contains(kConfigKey)) throw data::noPreparation(fmt::format("no {}", kConfigKey));
    config::RunConfig config = config::parse(entry(metadata, kConfigKey), file.filename().string());
    if (!data.empty()) config.data.path = fs::absolute(data).string();
    if (const fs::path tables = file.parent_path() / kTokenizerFolder; fs::exists(tables)) config.data.tokenizerFolder = tables.string();
    return {data::preparationOf(config), document(metadata, kReferenceKey), data::namesFrom(document(metadata, kClassesKey))};
}

bool preparesItself(const fs::path& file) { return formats::readOnnxMetadata(file).contains(kPreparationKey); }

namespace {

Error otherSamples(const TrainedModel& trained, std::string problem) {
    return Error(Failure{Code::Dat05, trained.run.id(), std::move(problem), {}, {}, "Choose the run that the file was exported from, or export it again."});
}

}  // namespace

void requireSameInput(const TrainedModel& trained, const models::DataShape& shape) {
    const models::DataShape& own = trained.dataset.shape;
    if (own.kind == shape.kind && own.task == shape.task && own.channels == shape.channels && own.height == shape.height &&
        own.width == shape.width && own.features == shape.features && own.vocabulary == shape.vocabulary && own.outputs == shape.outputs)
        return;
    throw otherSamples(trained, "the run takes other samples than the file");
}

void requireSameReference(const TrainedModel& trained, const fs::path& file) {
    const data::Reference reference = referenceOf(file);
    if (reference.statistics == trained.dataset.reference && reference.classes == trained.dataset.classes) return;
    throw otherSamples(trained, "the run prepares samples otherwise than the file");
}

}  // namespace headroom::deploy
