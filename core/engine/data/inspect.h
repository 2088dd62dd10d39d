// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "engine/data/dataset.h"

namespace headroom::data {

/// What a path holds, for people: format, kind, task, extents, classes with counts, sizes of the parts, warnings;
/// pictures: `samples` (label, width, height, channels, pixels in Base64; large ones made smaller), as many of each class as there is room for,
/// and `resized` where they were of any size; of a folder only these are decoded, and `pictures` says what training will hold of it (toJson());
/// with masks the classes lie over the pictures in their colours and are counted in pixels;
/// tables: `columns` and the first `rows` as text; text: an `excerpt`. Throws as load().
nlohmann::json inspect(const Preparation& preparation, std::int64_t samples);

/// {"all", "kept", "decoding"}: bytes.
nlohmann::json toJson(const formats::PictureRoom& room);

/// Training pictures as epoch `epoch` shows them: `samples` as in inspect(). Empty for other data.
nlohmann::json augmented(const Preparation& preparation, std::int64_t epoch, std::int64_t samples);

/// PNG and JPEG files as small pictures, for people: `pictures`, each with its `path` and width, height, channels and pixels as in inspect(), or the
/// `error` (code, message) for which it cannot be read.
nlohmann::json pictureFiles(const std::vector<std::string>& paths);

}  // namespace headroom::data
