// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <filesystem>
#include <string>

#include "engine/formats/image.h"

namespace headroom::formats {

/// A mask's byte for a pixel that belongs to no class, as VOC and Cityscapes have it.
inline constexpr std::uint8_t kIgnoredPixel = 255;

/// Reads a PNG whose pixels are class numbers: one channel, a byte a pixel as it stands in the file - of a palette the index, of brightness the
/// sample, of 1, 2 or 4 bits too. Throws IMG-15 for a JPEG (its bytes are no longer those that were written), colours, transparency beside
/// brightness or 16 bits; else as readImage().
Image readMask(const std::filesystem::path& path, const ImageLimits& limits = {});

/// What fitted() makes of the picture, for its mask: the same part, every pixel the one that lies under its middle.
Image fittedMask(const Image& mask, std::int64_t height, std::int64_t width);
/// The way back: the mask of a fitted picture over the whole picture. What was cut away is ignored.
Image unfittedMask(const Image& mask, std::int64_t height, std::int64_t width);

/// A PNG with a palette, its index the class: readMask() reads it again.
std::string maskPng(const Image& mask);

/// Red, green, blue of a class: VOC's colours, in which class 0 is black and the ignored one nearly white.
std::array<std::uint8_t, 3> classColour(std::uint8_t number);

}  // namespace headroom::formats
