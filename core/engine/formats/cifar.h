// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/formats/pictures.h"

namespace headroom::formats {

enum class CifarKind { Ten, Hundred };

struct CifarOptions {
    std::int64_t limit = 0;  ///< first training pictures, 0 = all; used only where there is a test part
    bool acceptMissingBatches = false;
    PictureLimits limits;
};

struct CifarPictures {
    CifarKind kind = CifarKind::Ten;
    Pictures train;
    std::optional<Pictures> test;
    std::vector<std::string> classes;
    std::vector<std::string> notes;
};

/// Reads binary CIFAR files (www.cs.toronto.edu/~kriz/cifar.html, "binary version"): `test*` is the test part, all
/// others in the order of their names the training part; any file may hold any number of whole records. Class names
/// come from `batches.meta.txt` or `fine_label_names.txt` beside them. Throws Error CIF-01 to CIF-06, DAT-04.
CifarPictures readCifar(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& files,
                        const CifarOptions& options);

}  // namespace headroom::formats
