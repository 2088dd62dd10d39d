// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/config/run_config.h"
#include "base/models/models.h"
#include "engine/data/preparation.h"
#include "engine/data/raw_source.h"
#include "engine/data/source.h"
#include "engine/formats/dataset.h"

namespace headroom::data {

/// Data ready to train on, prepared with statistics of the training part alone.
struct Dataset {
    models::DataShape shape;
    std::string format;                ///< for people: "IDX", "CSV"
    std::vector<std::string> classes;  ///< names; characters for text; empty for regression
    std::unique_ptr<Source> training;
    std::unique_ptr<Source> validation;  ///< null where nothing is held out
    /// Reference statistics of the training part and how samples are prepared: class counts; pictures mean and deviation a
    /// channel (of byte / 255); the columns of a table; the characters of a text with their counts.
    nlohmann::json reference;
    std::vector<RawInput> keptRows;  ///< of a table: as they stood in it, those that a run keeps (kept_data.h)
    std::string fingerprint;  ///< of the content, the same wherever the file lies
    std::string earlier;      ///< the one that a folder of pictures had before (earlierFingerprintOf())
    /// Whether these are the data that a checkpoint learnt whose state says this.
    bool are(const std::string& learnt) const { return learnt == fingerprint || (!earlier.empty() && learnt == earlier); }
    std::vector<std::string> notes;
};

/// Splits, learns the statistics and prepares. Throws DAT-05 (nothing left to train on), TXT-01 (a part of the text is
/// shorter than the context).
Dataset prepare(formats::RawDataset raw, const Preparation& preparation);

/// Throws DAT-05 where there are no samples to train on.
void requireTraining(std::int64_t samples);

/// How the readers are to understand the data. Folders of pictures are decoded as they are asked for.
formats::DataOptions readerOptions(const Preparation& preparation);

/// Reads `data.path` as the preparation says. Throws as formats::readDataset.
formats::RawDataset read(const Preparation& preparation);

/// Reads and prepares `data.path`. Throws as formats::readDataset and prepare.
Dataset load(const Preparation& preparation);

}  // namespace headroom::data
