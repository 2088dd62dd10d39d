// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "engine/data/reference_data.h"
#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

/// Names of an exported file's metadata, and of the folder beside it with the tables of byte pairs.
constexpr const char* kRunKey = "headroom.run";
constexpr const char* kConfigKey = "headroom.config";
constexpr const char* kReferenceKey = "headroom.reference";
constexpr const char* kClassesKey = "headroom.classes";
constexpr const char* kPreparationKey = "headroom.preparation";
constexpr const char* kTokenizerFolder = "tokenizer";

/// What of a configuration goes out with a file: of files and folders of the machine that trained it their last names alone.
config::RunConfig withoutFolders(config::RunConfig config);

/// How the samples of an exported file are prepared, out of its metadata; `data` becomes the preparation's path. Throws EXP-03 for files that
/// do not say it.
data::Reference referenceOf(const std::filesystem::path& file, const std::filesystem::path& data = {});

/// Whether the file takes samples as they are (FilePreparation).
bool preparesItself(const std::filesystem::path& file);

/// Throws DAT-05 where the run takes other samples than `shape`.
void requireSameInput(const TrainedModel& trained, const models::DataShape& shape);
/// Throws DAT-05 where the run learnt other statistics or classes than the file carries, and as referenceOf().
void requireSameReference(const TrainedModel& trained, const std::filesystem::path& file);

}  // namespace headroom::deploy
