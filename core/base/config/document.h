// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/run_config.h"
#include "base/errors/error.h"
#include "base/units/units.h"

namespace headroom::config {

/// Reads the JSON document of a run: at most 1 MiB and 32 levels, unique and known keys, values in range, rules between
/// fields. What is missing has its default. `origin` is the file's base name, for messages. Throws one Error that holds
/// all faults: CFG-01 to CFG-08, CFG-10, CFG-15, CFG-17. Unusual values are no faults: see questions().
RunConfig parse(std::string_view text, std::string_view origin);
/// parse() of a file, the overrides ("train.epochs=3") applied, data.path made absolute (it is relative to the file's
/// folder). Throws DAT-04 where the file is missing or not a regular file, CLI-01 for an override without "=".
RunConfig load(const std::filesystem::path& file, std::span<const std::string> overrides = {});

/// The whole configuration, every field, in document order; parse() of it gives the same again.
std::string toJson(const RunConfig& config);
/// Only what differs from the defaults: for documents that people write and for "copy as command".
std::string toShortJson(const RunConfig& config);

/// Faults that lie between fields, or in what is missing: the data's path, a micro-batch that does not divide the batch,
/// settings that exclude each other (CFG-17; the table is in rules.cpp).
/// Empty = it can be started. For forms that are edited field by field; parse() has looked already.
std::vector<Failure> faults(const RunConfig& config);
/// Values that are allowed but so unusual that a person should confirm them: CFG-16 each.
std::vector<Failure> questions(const RunConfig& config);

/// What this machine offers; for the limits that a document alone does not know.
struct Machine {
    int cores = 1;
    int cudaDevices = 0;
    std::string whyNoCuda;  ///< a sentence where there is none
};
/// The device that cannot be had here (CFG-14). Empty = all is there.
std::vector<Failure> faultsOn(const RunConfig& config, const Machine& machine);
/// "cpu" or "cuda:N": auto is the first CUDA device where there is one.
std::string resolvedDevice(const RunConfig& config, const Machine& machine);

/// Fields that are paths, joined to `folder` where they are relative, without "." and "..".
void makePathsAbsolute(RunConfig& config, const std::filesystem::path& folder);
/// Where what a CPU run keeps outside of memory lies: the folder that was chosen, else `own`.
std::filesystem::path offloadFolder(const RunConfig& config, const std::filesystem::path& own);
/// "1.5 GiB" and "1610612736" as bytes; nothing where it is neither, or empty.
std::optional<Bytes> bytesFromText(std::string_view text);
/// memory.budget in bytes; nothing = automatic.
std::optional<Bytes> memoryBudget(const RunConfig& config);
/// What a run's model is called, in checkpoints and where runs are compared: the architecture, or the name of its file.
std::string modelName(std::string_view arch, std::string_view file);
inline std::string modelName(const RunConfig& config) { return modelName(config.model.arch, config.model.file); }
/// Optimizer steps that see every training sample once: the last one may be smaller, but a lone last sample joins the one
/// before it (a batch norm of one sample has no variance).
std::int64_t stepsPerEpoch(std::int64_t samples, std::int64_t batchSize);
/// Optimizer steps of the whole run.
std::int64_t totalSteps(const RunConfig& config, std::int64_t stepsPerEpoch);

/// The reference page of all fields, Markdown.
std::string referencePage();

}  // namespace headroom::config
