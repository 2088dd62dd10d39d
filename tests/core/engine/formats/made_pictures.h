// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace headroom::test {

using Pixels = std::vector<std::uint8_t>;

/// A PNG of pixels in one of libpng's simplified formats (PNG_FORMAT_GRAY, PNG_FORMAT_RGB ...).
std::string png(int width, int height, std::uint32_t format, const void* pixels);
/// All pixels of one brightness, or of one colour.
std::string greyPng(int width, int height, std::uint8_t brightness);
std::string colourPng(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue);
/// A JPEG of quality 98 of pixels in one of TurboJPEG's formats and samplings.
std::string jpeg(int width, int height, int format, const Pixels& pixels, int sampling);

}  // namespace headroom::test
