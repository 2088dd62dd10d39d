// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/checkpoint_data.h"

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors/error.h"
#include "base/store/run_reader.h"
#include "engine/data/kept_data.h"
#include "engine/data/reference_fields.h"

namespace headroom::deploy {
namespace {

using Kept = std::optional<data::KeptData>;

/// Runs of before there were such files have statistics and classes in their record, of the data that they were last trained on.
Kept recorded(const store::RunFolder& run, const std::string& fingerprint, const data::Preparation& preparation) {
    if (!std::filesystem::exists(run.database())) return std::nullopt;
    const nlohmann::json facts = store::RunReader(run).facts();
    const nlohmann::json known = facts.value("data", nlohmann::json::object());
    if (known.value("fingerprint", std::string()) != fingerprint || !facts.contains("reference") || !facts.contains("classes")) return std::nullopt;
    const data::Reference reference{preparation, facts["reference"], data::namesFrom(facts["classes"])};
    return data::KeptData{data::learntData(reference, known.value("format", std::string()), fingerprint), {}};
}

/// Damage to it matters only where the data cannot serve either: `failures` then tell of it.
Kept keptOf(const store::RunFolder& run, const std::string& fingerprint, const data::Preparation& preparation, std::vector<Failure>& failures) {
    try {
        Kept kept = data::keptData(data::keptFolder(run.path()), fingerprint, preparation);
        return kept ? std::move(kept) : recorded(run, fingerprint, preparation);
    } catch (const Error& error) {
        failures.insert(failures.end(), error.failures().begin(), error.failures().end());
        return std::nullopt;
    }
}

/// Why the data do not serve; nothing where they do, and are `found`.
std::optional<std::string> readAgain(const data::Preparation& preparation, const std::string& fingerprint, data::Dataset& found, std::vector<Failure>& failures) {
    try {
        data::Dataset dataset = data::load(preparation);
        if (!dataset.are(fingerprint)) return "the data changed since training";
        found = std::move(dataset);
        return std::nullopt;
    } catch (const Error& error) {
        failures.insert(failures.end(), error.failures().begin(), error.failures().end());
        return std::string("the data can no longer be read (") + std::string(info(error.code()).text) + ")";
    }
}

}  // namespace

CheckpointData checkpointData(const store::RunFolder& run, config::RunConfig& config, const graph::Graph* file, const std::string& fingerprint, Purpose purpose) {
    const data::Preparation preparation = data::preparationOf(config, file);
    std::vector<Failure> failures;
    Kept kept = keptOf(run, fingerprint, preparation, failures);
    std::optional<std::string> instead;
    CheckpointData found;
    if (!kept || purpose == Purpose::Prove) {
        instead = readAgain(preparation, fingerprint, found.dataset, failures);
        if (!instead) return found;
    }
    if (!kept) {
        failures.insert(failures.begin(), Failure{Code::Ckp05, run.id(), *instead, escaped(config.data.path), "the run keeps nothing that could stand for them",
                                                  "Bring the data back, or train on them as they are now."});
        throw Error(std::move(failures));
    }
    if (!kept->tokenTables.empty()) config.data.tokenizerFolder = kept->tokenTables.string();
    return {std::move(kept->dataset), instead.value_or(std::string())};
}

}  // namespace headroom::deploy
