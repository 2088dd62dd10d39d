// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/formats/pictures.h"

namespace headroom::formats {

/// Element types by their byte in the file (yann.lecun.com/exdb/mnist, "the IDX file format").
enum class IdxType : std::uint8_t { U8 = 0x08, I8 = 0x09, I16 = 0x0B, I32 = 0x0C, F32 = 0x0D, F64 = 0x0E };
std::size_t elementSize(IdxType type);

/// A dense array.
struct IdxArray {
    IdxType type = IdxType::U8;
    std::vector<std::int64_t> dimensions;  ///< as read: the first is at most `firstSamples`
    std::vector<std::uint8_t> bytes;       ///< elements in the machine's byte order
    std::int64_t declared = 0;             ///< the first dimension as the file declares it
};

struct IdxOptions {
    std::int64_t firstSamples = 0;  ///< keep so many entries of the first dimension, 0 = all; all are checked
    PictureLimits limits;
};

/// Reads a plain or gzipped IDX file. Throws Error IDX-01 to IDX-09 and IDX-12, DAT-04.
IdxArray readIdx(const std::filesystem::path& path, const IdxOptions& options = {});

/// The files of a set in one folder, by their usual names.
struct IdxSet {
    std::filesystem::path trainImages, trainLabels, testImages, testLabels;  ///< the last two may be empty
};

/// Finds `train-images-idx3-ubyte[.gz]`, `train-labels-idx1-ubyte[.gz]` and `t10k-...` (also with a point before idx).
std::optional<IdxSet> findIdxSet(const std::filesystem::path& folder);

struct IdxPictures {
    Pictures train;
    std::optional<Pictures> test;
    std::int64_t classes = 0;
};

/// Reads all files of a set at the same time. `limit`: first training pictures, 0 = all, used only where there is
/// a test part; `classes`: 0 = as the labels of both parts say. Throws as `readIdx`, and IDX-10, IDX-11.
IdxPictures readIdxSet(const IdxSet& set, std::int64_t limit, std::int64_t classes, const PictureLimits& limits);

}  // namespace headroom::formats
