// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/mask_image.h"

#include <png.h>

#include <algorithm>

#include "base/errors/error.h"
#include "engine/formats/image_codecs.h"

namespace headroom::formats {
namespace {

constexpr int kColours = 256;

[[noreturn]] void refuseAsMask(const std::string& name, std::string found) {
    throw Error({Code::Img15, name, "the mask holds no class numbers", std::move(found), "a PNG with one byte or less a pixel",
                 "Save it as a PNG whose pixels are class numbers, as brightness or with a palette."});
}

/// By what the header chunk says (11.2.2), which is checked to be there.
void requireClassNumbers(const ImageFile& file) {
    constexpr std::size_t kDepth = 24, kColour = 25;
    constexpr std::uint8_t kGrey = 0, kPalette = 3, kGreyWithAlpha = 4;
    const std::uint8_t colour = file.bytes[kColour];
    if (colour == kGreyWithAlpha) refuseAsMask(file.name, "brightness with transparency");
    if (colour != kGrey && colour != kPalette) refuseAsMask(file.name, "a picture in colours");
    if (file.bytes[kDepth] > 8) refuseAsMask(file.name, "16 bits a pixel");
}

/// How much of `from` pixels a picture of another shape leaves, and where it begins.
struct Part {
    std::int64_t first, extent;
    Part(std::int64_t from, std::int64_t wanted) : first(0), extent(std::clamp<std::int64_t>(wanted, 1, from)) { first = (from - extent) / 2; }
};

/// The pixel of `from` under the middle of pixel `k` of `to`.
std::int64_t under(std::int64_t k, std::int64_t from, std::int64_t to) { return (2 * k + 1) * from / (2 * to); }

}  // namespace

Image readMask(const std::filesystem::path& path, const ImageLimits& limits) {
    const OpenedImage opened = openImage(path, limits);
    if (opened.isJpeg) refuseAsMask(opened.name, "content is JPEG");
    const ImageFile file{opened.name, opened.bytes};
    requirePngSize(file, limits);
    requireClassNumbers(file);
    return decodePngIndices(file);
}

Image fittedMask(const Image& mask, std::int64_t height, std::int64_t width) {
    const Part rows(mask.height, mask.width * height / width), columns(mask.width, mask.height * width / height);
    Image made{height, width, 1, {}};
    made.pixels.reserve(static_cast<std::size_t>(height * width));
    for (std::int64_t y = 0; y < height; ++y) {
        const std::uint8_t* row = mask.pixels.data() + (rows.first + under(y, rows.extent, height)) * mask.width + columns.first;
        for (std::int64_t x = 0; x < width; ++x) made.pixels.push_back(row[under(x, columns.extent, width)]);
    }
    return made;
}

Image unfittedMask(const Image& mask, std::int64_t height, std::int64_t width) {
    const Part rows(height, width * mask.height / mask.width), columns(width, height * mask.width / mask.height);
    Image made{height, width, 1, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), kIgnoredPixel)};
    for (std::int64_t y = 0; y < rows.extent; ++y) {
        const std::uint8_t* from = mask.pixels.data() + under(y, mask.height, rows.extent) * mask.width;
        std::uint8_t* to = made.pixels.data() + (rows.first + y) * width + columns.first;
        for (std::int64_t x = 0; x < columns.extent; ++x) to[x] = from[under(x, mask.width, columns.extent)];
    }
    return made;
}

/// Bits of the class number in turn to red, green and blue, the low ones to their high bits (VOC development kit, VOClabelcolormap).
std::array<std::uint8_t, 3> classColour(std::uint8_t number) {
    std::array<std::uint8_t, 3> colour{};
    for (unsigned bit = 0, rest = number; bit < 8; ++bit, rest >>= 3)
        for (unsigned channel = 0; channel < 3; ++channel) colour[channel] |= static_cast<std::uint8_t>((rest >> channel & 1U) << (7 - bit));
    return colour;
}

std::string maskPng(const Image& mask) {
    std::array<std::uint8_t, 3 * kColours> palette{};
    for (int k = 0; k < kColours; ++k) std::ranges::copy(classColour(static_cast<std::uint8_t>(k)), palette.begin() + 3 * k);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(mask.width);
    image.height = static_cast<png_uint_32>(mask.height);
    image.format = PNG_FORMAT_RGB_COLORMAP;
    image.colormap_entries = kColours;
    png_alloc_size_t size = 0;
    png_image_write_to_memory(&image, nullptr, &size, 0, mask.pixels.data(), 0, palette.data());
    std::string bytes(size, '\0');
    const bool written = png_image_write_to_memory(&image, bytes.data(), &size, 0, mask.pixels.data(), 0, palette.data()) != 0;
    if (!written) throw Error({Code::Img02, "the mask", "it cannot be written as a PNG", image.message, {}, "Use a smaller picture."});
    bytes.resize(size);
    return bytes;
}

}  // namespace headroom::formats
