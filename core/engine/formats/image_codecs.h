// SPDX-License-Identifier: Apache-2.0
// Inside the readers of pictures only.
#pragma once
#include "engine/formats/image.h"

namespace headroom::formats {

/// The bytes of a file, and how it is called in messages.
struct ImageFile {
    const std::string& name;
    std::span<const std::uint8_t> bytes;
};

/// Throws DAT-02.
void requireImageSize(const ImageFile& file, std::uint64_t width, std::uint64_t height, std::uint64_t channels, const ImageLimits& limits);
[[noreturn]] void refuseDamaged(const ImageFile& file, std::string found);

Image decodePng(const ImageFile& file, const ImageLimits& limits);
Image decodeJpeg(const ImageFile& file, const ImageLimits& limits);

/// How a JPEG wants to be turned (Exif 2.32, tag 0x0112): 1 to 8; 1 where nothing usable is said.
int exifOrientation(std::span<const std::uint8_t> jpeg);
Image oriented(Image image, int orientation);

}  // namespace headroom::formats
