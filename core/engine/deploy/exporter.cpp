// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/exporter.h"

#include <fmt/format.h>

#include <fstream>
#include <map>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "engine/data/reference_data.h"
#include "engine/data/reference_fields.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/model_card.h"
#include "engine/deploy/prover.h"
#include "engine/deploy/scratch_folder.h"
#include "engine/deploy/trained_model.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"
#include "engine/formats/tokenizer.h"

namespace headroom::deploy {
namespace {

namespace fs = std::filesystem;
using Metadata = std::map<std::string, std::string>;

/// Names of the file's metadata.
constexpr const char* kRun = "headroom.run";
constexpr const char* kConfig = "headroom.config";
constexpr const char* kTokenizer = "tokenizer";  // folder beside the file, with the tables of byte pairs
constexpr const char* kReference = "headroom.reference";
constexpr const char* kClasses = "headroom.classes";

/// Parameters and buffers as bytes.
class WeightBytes {
public:
    explicit WeightBytes(const TrainedModel& trained) {
        for (const train::NamedTensor& named : trained.model->named()) {
            m_bytes.push_back(tensor::toBytes(named.tensor));
            m_views.push_back({{named.name, formats::StType::F32, named.tensor.sizes().vec()}, m_bytes.back()});
        }
    }
    const std::vector<formats::StView>& views() const { return m_views; }

private:
    std::vector<std::vector<std::byte>> m_bytes;
    std::vector<formats::StView> m_views;
};

Metadata metadataOf(const TrainedModel& trained) {
    return {{kRun, trained.run.id()},
            {kConfig, config::toJson(trained.config)},
            {kReference, trained.dataset.reference.dump()},
            {kClasses, nlohmann::json(trained.dataset.classes).dump()},
            {"step", std::to_string(trained.step)}};
}

void writeText(const fs::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush())
        throw Error(Failure{Code::Dsk02, escaped(file.filename().string()), "the file cannot be written", {}, {},
                            "Check the folder and the room on the disk."});
}

/// A model of byte pairs is of use with its tables only.
void copyTables(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_directories(to, error);
    for (const fs::path& table : formats::bytePairTables(from))
        if (!error) fs::copy_file(table, to / table.filename(), fs::copy_options::overwrite_existing, error);
    if (error)
        throw Error(Failure{Code::Dsk02, escaped(to.filename().string()), "the tokenizer's tables cannot be copied", error.message(), {},
                            "Check the folder and the room on the disk."});
}

std::string labelsText(const TrainedModel& trained) {
    std::string text;
    const bool characters = trained.dataset.shape.kind == models::DataKind::Text;
    for (const std::string& name : trained.dataset.classes) text += (characters ? nlohmann::json(name).dump() : name) + "\n";
    return text;
}

/// The prover's report with quality and agreement of its outputs.
nlohmann::json judged(Proof proof, const at::Tensor& source, const at::Tensor& targets, models::Task task) {
    nlohmann::json figures = std::move(proof.report);
    figures.update(quality(proof.outputs, targets, task));
    if (!source.defined()) return figures;
    const Agreement agreement = compare(source, proof.outputs, task);
    figures["largest_difference"] = agreement.largestDifference;
    figures["relative_difference"] = agreement.relativeDifference();
    figures["largest_logit"] = agreement.largestLogit;
    figures["flipped"] = agreement.flipped;
    figures["agrees"] = agreement.holds();
    return figures;
}

/// What is proven: samples, and which of the data they are.
struct Sample {
    data::Samples samples;
    std::string part;
    const models::DataShape& shape;
};

/// Proves at f32, which is what is held against the source, and shows the runtime's own choice beside.
nlohmann::json proveInBoth(const fs::path& model, const Sample& proven, const at::Tensor& source) {
    const ScratchFolder scratch;
    const fs::path file = scratch.path() / "samples.safetensors";
    const auto& [samples, part, shape] = proven;
    writeSamples(file, shape.kind == models::DataKind::Text ? "tokens" : "input", samples.input);
    nlohmann::json report;
    for (const char* precision : {"f32", "default"})
        report[precision] = judged(prove(model, file, scratch.path(), precision), source, samples.target, shape.task);
    report["samples"] = samples.input.size(0);
    report["part"] = part;
    if (!source.defined()) return report;
    report["source"] = quality(source, samples.target, shape.task);
    report["verified"] = report["f32"]["agrees"];
    for (const char* figure : {"largest_difference", "relative_difference", "largest_logit", "flipped"})
        report[figure] = report["f32"][figure];
    return report;
}

nlohmann::json listed(const fs::path& folder) {
    nlohmann::json files = nlohmann::json::array();
    for (const char* name : {"model.onnx", "model.unverified.onnx", "model.safetensors", "labels.txt", "README.md"})
        if (fs::exists(folder / name)) files.push_back({{"name", name}, {"bytes", fs::file_size(folder / name)}});
    return files;
}

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

data::Reference referenceFrom(const fs::path& file, const fs::path& data) {
    const Metadata metadata = formats::readOnnxMetadata(file);
    if (!metadata.contains(kConfig)) throw data::noPreparation(fmt::format("no {}", kConfig));
    config::RunConfig config = config::parse(entry(metadata, kConfig), file.filename().string());
    config.data.path = fs::absolute(data).string();
    if (const fs::path tables = file.parent_path() / kTokenizer; fs::exists(tables)) config.data.tokenizerFolder = tables.string();
    return {data::preparationOf(config), document(metadata, kReference), data::namesFrom(document(metadata, kClasses))};
}

/// A run of other data would be asked for what its net cannot take.
void requireSameInput(const TrainedModel& trained, const models::DataShape& shape) {
    const models::DataShape& own = trained.dataset.shape;
    if (own.kind == shape.kind && own.task == shape.task && own.channels == shape.channels && own.height == shape.height &&
        own.width == shape.width && own.features == shape.features && own.vocabulary == shape.vocabulary && own.outputs == shape.outputs)
        return;
    throw Error(Failure{Code::Dat05, trained.run.id(), "the run takes other samples than the file", {}, {},
                        "Choose the run that the file was exported from."});
}

at::Tensor logitsOf(const store::RunFolder& run, const Sample& proven) {
    const TrainedModel trained = openTrained(run);
    requireSameInput(trained, proven.shape);
    return sourceLogits(trained, proven.samples);
}

/// What the run was evaluated on.
Sample evaluated(const data::Dataset& dataset) {
    if (dataset.validation) return {provingSamples(*dataset.validation), "validation", dataset.shape};
    return {provingSamples(*dataset.training), "training", dataset.shape};
}

/// Writes the ONNX file, proves it if asked, and gives it its final name when it holds.
nlohmann::json exportOnnx(const TrainedModel& trained, const WeightBytes& weights, const fs::path& folder, Verification verification) {
    const fs::path file = folder / "model.unverified.onnx";
    formats::writeOnnx(file, trained.model->plain(), weights.views(), {.metadata = metadataOf(trained)});
    fs::remove(folder / "model.onnx");
    if (verification == Verification::Skip) return nlohmann::json::object();
    const Sample proven = evaluated(trained.dataset);
    nlohmann::json report = proveInBoth(file, proven, sourceLogits(trained, proven.samples));
    if (report["verified"].get<bool>()) fs::rename(file, folder / "model.onnx");
    return report;
}

}  // namespace

nlohmann::json exportRun(const store::RunFolder& run, const ExportOptions& options) {
    const TrainedModel trained = openTrained(run, options.weights);
    const fs::path folder = options.folder.empty() ? run.exports() : options.folder;
    fs::create_directories(folder);
    const WeightBytes weights(trained);
    nlohmann::json report = nlohmann::json::object();
    if (options.format != Format::Safetensors) report = exportOnnx(trained, weights, folder, options.verification);
    if (options.format != Format::Onnx) formats::writeSafetensors(folder / "model.safetensors", weights.views(), metadataOf(trained));
    report.update({{"run", run.id()}, {"step", trained.step}, {"folder", folder.string()}});
    if (trained.config.data.tokenizer == "byte_pairs") copyTables(trained.config.data.tokenizerFolder, folder / kTokenizer);
    writeText(folder / "labels.txt", labelsText(trained));
    writeText(folder / "README.md", modelCard(trained, report));
    report["files"] = listed(folder);
    writeText(folder / "report.json", report.dump(2));
    return report;
}

nlohmann::json verifyFile(const fs::path& file, const fs::path& data, const std::optional<store::RunFolder>& run) {
    const data::ReferenceData prepared = data::loadByReference(referenceFrom(file, data));
    const Sample proven{provingSamples(*prepared.source), prepared.part, prepared.shape};
    nlohmann::json report = proveInBoth(file, proven, run ? logitsOf(*run, proven) : at::Tensor());
    report["file"] = file.string();
    return report;
}

}  // namespace headroom::deploy
