// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/exporter.h"

#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/models/weight_names.h"
#include "base/store/proofs.h"
#include "base/units/iso_time.h"
#include "engine/data/reference_data.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/exported_file.h"
#include "engine/deploy/file_preparation.h"
#include "engine/deploy/model_card.h"
#include "engine/deploy/model_config.h"
#include "engine/deploy/opset.h"
#include "engine/deploy/proof.h"
#include "engine/deploy/snippets.h"
#include "engine/deploy/trained_model.h"
#include "engine/deploy/weight_bytes.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/tokenizer.h"
#include "engine/train/lora_adapter.h"
#include "engine/train/sha256.h"

namespace headroom::deploy {
namespace {

namespace fs = std::filesystem;
using Metadata = std::map<std::string, std::string>;

Metadata metadataOf(const TrainedModel& trained) {
    return {{kRunKey, trained.run.id()},
            {kConfigKey, config::toJson(withoutFolders(trained.config))},
            {kReferenceKey, trained.dataset.reference.dump()},
            {kClassesKey, nlohmann::json(trained.dataset.classes).dump()},
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

/// Programs that run what was exported just now.
void writePrograms(const TrainedModel& trained, const fs::path& folder) {
    const std::string file = fs::exists(folder / "model.onnx") ? "model.onnx" : "model.unverified.onnx";
    writeText(folder / "predict.py", pythonProgram(trained.dataset.shape, file));
    writeText(folder / "predict.cpp", cppProgram(trained.dataset.shape, file, trained.dataset.reference));
}

std::string labelsText(const TrainedModel& trained) {
    std::string text;
    const bool characters = trained.dataset.shape.kind == models::DataKind::Text;
    for (const std::string& name : trained.dataset.classes) text += (characters ? nlohmann::json(name).dump() : name) + "\n";
    return text;
}

/// When it was proven, and which bytes.
nlohmann::json proofOf(const fs::path& file, const ProvenPart& part, const SourceNet& net) {
    nlohmann::json report = proveFile(file, part, net);
    report["time"] = isoTimeNow();
    report["sha256"] = train::sha256OfFile(file);
    return report;
}

nlohmann::json listed(const fs::path& folder) {
    nlohmann::json files = nlohmann::json::array();
    for (const char* name : {"model.onnx", "model.unverified.onnx", "model.safetensors", "config.json", "adapter_model.safetensors", "adapter_config.json", "labels.txt", "README.md", "predict.py", "predict.cpp"})
        if (fs::exists(folder / name)) files.push_back({{"name", name}, {"bytes", fs::file_size(folder / name)}});
    return files;
}

SourceNet netOf(const TrainedModel& trained) {
    return [net = std::make_shared<RunNet>(trained)](const data::Samples& samples) { return answerRows(net->logits(samples)); };
}

/// Names of files may be no UTF-8.
std::string reportText(const nlohmann::json& report) { return report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace); }

/// Beside the file, where its folder takes a report: "model.report.json". Files of others may lie where nothing can be written.
void writeBeside(const fs::path& file, nlohmann::json& report) {
    const fs::path beside = fs::path(file).replace_extension(".report.json");
    const bool taken = ::access(fs::absolute(file).parent_path().c_str(), W_OK) == 0;
    report["report_file"] = taken ? nlohmann::json(beside.string()) : nlohmann::json();
    if (taken) writeText(beside, reportText(report));
}

/// What the run was evaluated on, and the data that hold it.
struct Evaluated {
    std::unique_ptr<data::ReferenceData> raw;  ///< the same data once more, as they are in the files
    std::optional<ProvenPart> part;
};

Evaluated evaluated(const TrainedModel& trained, const data::Reference& reference, bool raw) {
    const data::Dataset& dataset = trained.dataset;
    Evaluated found;
    const bool hasRaw = dataset.shape.kind == models::DataKind::Pictures || !trained.instead.empty();
    if (raw && !hasRaw) {
        found.raw = std::make_unique<data::ReferenceData>(data::loadByReference(reference));
        found.part.emplace(*found.raw->source, found.raw->part, found.raw->shape, true);
    } else if (dataset.validation) {
        found.part.emplace(*dataset.validation, "validation", dataset.shape, raw);
    } else {
        found.part.emplace(*dataset.training, "training", dataset.shape, raw);
    }
    return found;
}

/// Writes the ONNX file, proves it if asked, and gives it its final name when it holds.
nlohmann::json exportOnnx(const TrainedModel& trained, const fs::path& folder, const ExportOptions& options) {
    const fs::path file = folder / "model.unverified.onnx";
    const graph::Graph& net = trained.model->plain();
    const data::Reference reference{data::preparationOf(trained.config), trained.dataset.reference, trained.dataset.classes};
    formats::OnnxOptions written{.opset = leastOpset(net), .metadata = metadataOf(trained)};
    if (options.preprocess) {
        FilePreparation preparation = preparationIn(reference, net.value(net.inputs().front()).name);
        written.metadata[kPreparationKey] = preparation.description.dump();
        written.preparation = std::move(preparation.nodes);
    }
    formats::writeOnnx(file, net, WeightBytes(*trained.model).views(), written);
    fs::remove(folder / "model.onnx");
    if (options.verification == Verification::Skip) return {{"opset", written.opset}};
    const Evaluated data = evaluated(trained, reference, options.preprocess);
    nlohmann::json report = proofOf(file, *data.part, netOf(trained));
    if (report["verified"].get<bool>()) fs::rename(file, folder / "model.onnx");
    if (!trained.instead.empty()) report["instead"] = trained.instead;
    report["opset"] = written.opset;
    return report;
}

/// Shaped as the programs have them that know the net.
void exportSafetensors(const TrainedModel& trained, const fs::path& folder) {
    Metadata metadata = metadataOf(trained);
    metadata["format"] = "pt";  // asked for by Hugging Face's readers
    const WeightBytes weights(*trained.model, models::turnedFor(namingOf(trained.config), trained.model->plain()));
    formats::writeSafetensors(folder / "model.safetensors", weights.views(), metadata);
    writeText(folder / "config.json", reportText(modelConfig(trained)));
}

/// Runs of before they kept samples have none to prove a file on once their data are gone.
void requireSamples(const TrainedModel& trained) {
    if (trained.dataset.validation || trained.dataset.training) return;
    throw Error(Failure{Code::Ckp05, trained.run.id(), trained.instead, escaped(trained.config.data.path), "the run keeps no samples to prove the file on",
                        "Bring the data back, or export without the proof (--no-verify)."});
}

void requireAdapter(const TrainedModel& trained) {
    const auto refuse = [&](const char* problem, const std::string& which, const char* hint) {
        throw Error(Failure{Code::Cfg09, trained.run.id(), problem, escaped(which), {}, hint});
    };
    if (trained.updates.empty()) refuse("the run has no low-rank updates", {}, "Train with model.lora.rank, or export the whole model.");
    if (!trained.trainedBeside.empty()) refuse("the run trains more than an adapter holds", trained.trainedBeside, "Export the whole model.");
}

void exportAdapter(const TrainedModel& trained, const fs::path& folder) {
    const config::RunConfig::Lora& lora = trained.config.model.lora;
    const std::vector<models::LoraPair> pairs = models::loraPairs(trained.model->plain(), {lora.rank, lora.alpha, lora.dropout, lora.targets});
    train::writeLoraAdapter(folder, {pairs, trained.updates}, trained.config, trained.dataset.shape.kind == models::DataKind::Text);
}

}  // namespace

nlohmann::json exportRun(const store::RunFolder& run, const ExportOptions& options) {
    const bool all = options.format == Format::All, onnx = all || options.format == Format::Onnx;
    const bool proves = onnx && options.verification == Verification::Prove;
    const TrainedModel trained = openTrained(run, options.weights, proves ? Purpose::Prove : Purpose::Ask);
    if (proves) requireSamples(trained);
    if (options.format == Format::Adapter) requireAdapter(trained);
    const fs::path folder = options.folder.empty() ? run.exports() : options.folder;
    fs::create_directories(folder);
    nlohmann::json report = nlohmann::json::object();
    if (onnx) report = exportOnnx(trained, folder, options);
    if (options.format == Format::Adapter || (all && !trained.updates.empty() && trained.trainedBeside.empty())) exportAdapter(trained, folder);
    if (all || options.format == Format::Safetensors) exportSafetensors(trained, folder);
    report.update({{"run", run.id()}, {"step", trained.step}, {"folder", folder.string()}, {"preprocess", options.preprocess}});
    if (trained.config.data.tokenizer == "byte_pairs") copyTables(trained.config.data.tokenizerFolder, folder / kTokenizerFolder);
    writeText(folder / "labels.txt", labelsText(trained));
    report["programs"] = onnx;
    if (onnx) writePrograms(trained, folder);
    writeText(folder / "README.md", modelCard(trained, report));
    report["files"] = listed(folder);
    writeText(folder / "report.json", reportText(report));
    if (report.contains("verified")) store::recordProof(run, report);
    return report;
}

nlohmann::json verifyFile(const fs::path& file, const fs::path& data, const std::optional<store::RunFolder>& run) {
    const data::ReferenceData prepared = data::loadByReference(referenceOf(file, data));
    const ProvenPart part{*prepared.source, prepared.part, prepared.shape, preparesItself(file)};
    std::optional<TrainedModel> trained;
    if (run) {
        trained.emplace(openTrained(*run));
        requireSameInput(*trained, prepared.shape);
    }
    nlohmann::json report = proofOf(file, part, trained ? netOf(*trained) : SourceNet());
    report["file"] = file.string();
    writeBeside(file, report);
    if (run) store::recordProof(*run, report);
    return report;
}

}  // namespace headroom::deploy
