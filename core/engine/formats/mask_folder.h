// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/formats/picture_folder.h"
#include "engine/formats/pictures.h"

namespace headroom::formats {

/// Pictures and their masks, told apart by the names of two folders, `images` and `masks`.
struct MaskFolder {
    struct Pair {
        std::filesystem::path picture, mask;
    };
    std::string name;                  ///< for messages
    std::vector<std::string> classes;  ///< names as `classes.txt` has them, a line each; empty where it is not there
    std::vector<Pair> train;           ///< in the order of the pictures' paths
    std::optional<std::vector<Pair>> test;
    std::vector<std::string> notes;
};

struct MaskOptions {
    std::vector<std::string> classes;  ///< that a model knows, in place of those of the folder; empty = the folder's
    std::optional<bool> twoValued;     ///< 0 and 255 are two classes; not set: where nothing else occurs
    std::size_t mostUnnamed = 64;      ///< classes without names: more are mostly no class numbers
};

/// By names: `images` and `masks` in it, or in its `train`.
bool isMaskFolder(const std::filesystem::path& folder);

/// Opens nothing but `classes.txt`. A mask belongs to the picture of its name, whatever the extensions, below `images` and `masks`; both folders lie in
/// the chosen one, or in `train` and one of `val`, `valid`, `validation`, `test`, or hold these. Throws IMG-12 (pictures without a mask), IMG-13 (masks
/// without a picture), IMG-10 (no pictures), and as listPictures() what a folder must not hold; DAT-04 for an unusable `classes.txt`.
MaskFolder listMasks(const std::filesystem::path& folder, const FolderOptions& options = {});

/// A class number a pixel, [picture, height, width]; kIgnoredPixel where it counts for nothing.
struct Masks {
    std::vector<std::uint8_t> train, test;
    bool twoValued = false;  ///< 255 stands for class 1 in the files
};

struct MaskedPictures {
    std::vector<std::string> classes;  ///< names, or numbers as text
    Pictures train;                    ///< labels without a meaning
    std::optional<Pictures> test;
    Masks masks;
    std::vector<std::string> notes;
};

/// Every picture and its mask as wanted (fitted(), fittedMask()). Nothing is left out. Throws as readImage() and readMask(), IMG-07 (one class),
/// IMG-08 (gone since it was listed), IMG-09 (no room), IMG-11 (a mask of another size than its picture), IMG-14 (a class number past the names, or past so many without names), DAT-01 (a
/// class of the validation part alone, without names or a limit); and Interrupted.
MaskedPictures readMasks(MaskFolder folder, const FolderOptions& options, const MaskOptions& masks = {});

}  // namespace headroom::formats
