// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/csv.h"
#include "engine/formats/mask_folder.h"
#include "engine/formats/picture_folder.h"
#include "engine/formats/pictures.h"
#include "engine/formats/text.h"

namespace headroom::formats {

enum class Header { Auto, Yes, No };
enum class Tokens { Characters, Bytes, BytePairs };
enum class Task { Auto, Classification, Regression };

/// How a file or folder is to be understood; what is not said is found out.
struct DataOptions {
    /// First n training samples in file order, 0 = all. Applied here only where the data has a test part of its own:
    /// otherwise which samples are for training is decided by whoever splits them.
    std::int64_t limit = 0;
    std::string target;  ///< tables: name or 0-based number of the column; empty = last
    Header header = Header::Auto;
    Task task = Task::Auto;
    /// Tables: columns (name or 0-based number) that must hold numbers, all others being texts; not set: found out.
    std::optional<std::vector<std::string>> numeric;
    bool acceptMissingBatches = false;  ///< CIFAR: train although data_batch_k is missing
    std::int64_t classes = 0;           ///< pictures: number of classes, 0 = as the labels say
    Tokens tokens = Tokens::Characters;  ///< of text
    std::filesystem::path tokenTables;   ///< folder, of byte pairs
    FolderOptions folder;                ///< of pictures; its limit is the one above
    MaskOptions masks;
    CsvLimits csvLimits;
    PictureLimits pictureLimits;
    TextLimits textLimits;
};

enum class Kind { Pictures, Table, Text, Masks };

/// A table with its target told apart from the features.
struct RawTable {
    Table table;
    int target = 0;  ///< index of the target column
    bool regression = false;
    std::vector<std::int32_t> labels;  ///< [row], classification: indices into RawDataset::classes
    std::vector<double> values;        ///< [row], regression
};

/// These rows alone, in this order, with columns, categories and classes as they are.
RawTable rowsOf(const RawTable& raw, std::span<const std::int64_t> rows);

/// What a path holds, as plain data.
struct RawDataset {
    Kind kind = Kind::Pictures;
    std::string format;                ///< for people: "IDX", "CIFAR-10", "CSV", "text", "picture folder", "pictures with masks"
    std::vector<std::string> classes;  ///< names, or the labels as text; empty for regression and text
    Pictures pictures;                 ///< training part, or all of it where there is no test part
    std::optional<Pictures> testPictures;
    Masks masks;  ///< of Kind::Masks, beside both
    RawTable table;
    Text text;
    /// Pictures of any size, made what they are to be for a model (FolderOptions::wanted).
    bool resized = false;
    std::vector<std::string> notes;  ///< what a person should know (missing batches that were accepted)
};

/// Of a picture folder that was read with Decoding::WhenAsked: as the functions of these names in picture_folder.h. Nothing is decoded a second time.
void decodePictures(RawDataset& raw, const FolderOptions& options);
PictureRoom roomFor(const RawDataset& raw, const FolderOptions& options);

/// Reads a file or folder. Throws Error: DAT-03, DAT-04, PKL-01 and the codes of the formats
/// and of a tokenizer's tables.
RawDataset readDataset(const std::filesystem::path& path, const DataOptions& options = {});

}  // namespace headroom::formats
