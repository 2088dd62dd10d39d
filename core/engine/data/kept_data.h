// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/data/dataset.h"
#include "engine/data/reference_data.h"

/// What a run keeps of its data, so that its net can be asked, exported and proven when they change or go.
namespace headroom::data {

/// In a run's folder.
inline std::filesystem::path keptFolder(const std::filesystem::path& run) { return run / "data"; }

/// The samples that are kept: spread evenly over the part that the run is evaluated on (the training part where nothing is held
/// out), at most 256 and 8 MiB.
constexpr std::int64_t kMostKept = 256;
std::vector<std::int64_t> keptNumbers(const models::DataShape& shape, std::int64_t samples);

/// Writes `<folder>/<fingerprint>.safetensors` - statistics, classes and such samples, also as they were in the files - and beside it,
/// for a text of byte pairs, the tokenizer's tables. Nothing where the file is there already. Throws DSK-01, DSK-02.
void keepData(const std::filesystem::path& folder, const Dataset& dataset, const Preparation& preparation);

struct KeptData {
    /// Of the samples alone: the part that they are of is the one that is there.
    Dataset dataset;
    std::filesystem::path tokenTables;  ///< folder; empty where none are kept
};

/// What was kept of the data of this fingerprint; nothing where it was not. Throws EXP-03 and what reading a safetensors file throws where the
/// file is damaged.
std::optional<KeptData> keptData(const std::filesystem::path& folder, const std::string& fingerprint, const Preparation& preparation);

/// The statistics and classes alone, as the record of a run holds them. No samples.
Dataset learntData(const Reference& reference, std::string format, std::string fingerprint);

}  // namespace headroom::data
