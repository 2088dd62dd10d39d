// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/file.h"

namespace headroom::formats {

enum class Format { IdxSet, Cifar, Csv, Text, PictureFolder, MaskFolder };

/// What a path holds.
struct Detected {
    Format format;
    std::filesystem::path path;                ///< the folder of an IDX or CIFAR set or of pictures (with or without masks), else the file
    std::vector<std::filesystem::path> files;  ///< CIFAR: the files to read
};

/// Finds out by names and content what a file or folder holds, without reading it whole. Throws DAT-04 for what is
/// missing, no regular file or folder, or of no known format; PKL-01 for pickles and TorchScript; CIF-04 for CIFAR's
/// Python version; DAT-04 for links that leave the folder.
Detected detect(const std::filesystem::path& path);

/// Throws DAT-04 where `entry`, links followed, lies outside `folder`, or is no regular file.
void requireInside(const std::filesystem::path& folder, const std::filesystem::path& entry);

/// Throws PKL-01 where the file holds program code: a pickle, or a ZIP archive with pickles in it (torch.save,
/// torch.jit.save, numpy objects). Judged by content, not by name.
void refusePickle(const File& file);
/// The first bytes of a pickle of protocol 2 to 5.
bool looksLikePickle(std::string_view bytes);

}  // namespace headroom::formats
