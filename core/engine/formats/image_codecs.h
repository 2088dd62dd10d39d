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

/// A file's content, found to begin like a PNG or JPEG and to be no larger than allowed.
struct OpenedImage {
    std::string name;
    std::vector<std::uint8_t> bytes;
    bool isJpeg = false;
};
/// Throws IMG-02, IMG-03, DAT-02, DAT-04.
OpenedImage openImage(const std::filesystem::path& path, const ImageLimits& limits);

/// Throws DAT-02.
void requireImageSize(const ImageFile& file, std::uint64_t width, std::uint64_t height, std::uint64_t channels, const ImageLimits& limits);
[[noreturn]] void refuseDamaged(const ImageFile& file, std::string found);

/// By the header chunk, before libpng sees the file. Throws DAT-02 where that is not whole; IMG-01, IMG-02.
void requirePngSize(const ImageFile& file, const ImageLimits& limits);
/// Samples of brightness and places in the palette as they stand in the file, a byte each; of 8 bits at most, which is checked before.
Image decodePngIndices(const ImageFile& file);

Image decodePng(const ImageFile& file, const ImageLimits& limits);
Image decodeJpeg(const ImageFile& file, const ImageLimits& limits);

/// How a JPEG wants to be turned (Exif 2.32, tag 0x0112): 1 to 8; 1 where nothing usable is said.
int exifOrientation(std::span<const std::uint8_t> jpeg);
Image oriented(Image image, int orientation);

}  // namespace headroom::formats
