// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/data/normalise.h"
#include "engine/data/preparation.h"
#include "engine/data/split.h"
#include "engine/data/table_encoding.h"
#include "engine/formats/dataset.h"

/// What training takes from data: which samples are for what, and the statistics of the training part. Held against a
/// file's reference it tells whether data is that of the file's run.
namespace headroom::data {

/// Where there is a test part, all others are for training and `validation` is empty.
Split splitOf(const formats::RawDataset& raw, const Preparation& preparation);

/// What pictures are normalised by: learned from the training part, or as `data.normalise` says. Throws CFG-04 for a stated number
/// that is none, is no deviation, or stands for no channel.
PixelStatistics pixelsFor(const formats::Pictures& pictures, std::span<const std::int64_t> training, const Preparation& preparation);

/// Tokens [0, trainingEnd) are for training, those from validationBegin on are held out: the last tenth.
struct TextParts {
    std::int64_t trainingEnd = 0, validationBegin = 0;
};
TextParts textParts(const formats::Text& text, const Preparation& preparation);
/// Each token as text: itself where its bytes are UTF-8, else "<0xC3>" for every byte.
std::vector<std::string> tokenNames(const formats::Text& text);

/// The reference statistics, as Dataset::reference has them.
nlohmann::json pictureReference(const formats::RawDataset& raw, std::span<const std::int64_t> training,
                                const PixelStatistics& statistics);
/// The same with "task": "segmentation", "class_counts" of pixels, and "two_valued" where 255 stands for class 1.
nlohmann::json maskReference(const formats::RawDataset& raw, std::span<const std::int64_t> training, const PixelStatistics& statistics);
nlohmann::json tableReference(const formats::RawDataset& raw, std::span<const std::int64_t> training,
                              const TableEncoding& encoding);
nlohmann::json textReference(const formats::Text& text, std::int64_t trainingEnd, const Preparation& preparation);

}  // namespace headroom::data
