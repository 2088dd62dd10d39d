// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include "base/errors/error.h"
#include "engine/formats/image_codecs.h"

namespace headroom::formats {
namespace {

/// libpng's simplified interface: no setjmp of ours. Freed with its scope.
struct Reader {
    png_image image{};
    Reader() { image.version = PNG_IMAGE_VERSION; }
    ~Reader() { png_image_free(&image); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
};

std::uint32_t numberAt(std::span<const std::uint8_t> bytes, std::size_t place) {
    std::uint32_t number = 0;
    for (std::size_t k = 0; k < 4; ++k) number = number << 8 | bytes[place + k];
    return number;
}

}  // namespace

/// The header chunk is the first (11.2.2).
void requirePngSize(const ImageFile& file, const ImageLimits& limits) {
    constexpr std::size_t kName = 12, kWidth = 16, kHeight = 20, kEnd = 33;
    constexpr std::uint32_t kHeader = 0x49484452;  // "IHDR"
    if (file.bytes.size() < kEnd) refuseDamaged(file, "it ends within its header");
    if (numberAt(file.bytes, kName) != kHeader) refuseDamaged(file, "its header does not come first");
    requireImageSize(file, numberAt(file.bytes, kWidth), numberAt(file.bytes, kHeight), 4, limits);
}

Image decodePng(const ImageFile& file, const ImageLimits& limits) {
    requirePngSize(file, limits);
    Reader reader;
    if (!png_image_begin_read_from_memory(&reader.image, file.bytes.data(), file.bytes.size())) refuseDamaged(file, reader.image.message);
    requireImageSize(file, reader.image.width, reader.image.height, 4, limits);  // what it read itself
    const bool coloured = (reader.image.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_COLORMAP)) != 0;
    reader.image.format = coloured ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    reader.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // files of 16 bits that do not say otherwise are no linear light
    Image image{reader.image.height, reader.image.width, coloured ? 3 : 1, {}};
    image.pixels.resize(PNG_IMAGE_SIZE(reader.image));
    const png_color white{255, 255, 255};
    const bool read = png_image_finish_read(&reader.image, &white, image.pixels.data(), 0, nullptr) != 0;
    if (!read || (reader.image.warning_or_error & PNG_IMAGE_ERROR) != 0) refuseDamaged(file, reader.image.message);
    return image;
}

/// libpng makes a colour map of a palette or of at most 8 bits of brightness without touching the samples.
Image decodePngIndices(const ImageFile& file) {
    Reader reader;
    if (!png_image_begin_read_from_memory(&reader.image, file.bytes.data(), file.bytes.size())) refuseDamaged(file, reader.image.message);
    reader.image.format = PNG_FORMAT_RGB_COLORMAP;
    std::vector<std::uint8_t> palette(PNG_IMAGE_COLORMAP_SIZE(reader.image));
    Image image{reader.image.height, reader.image.width, 1, {}};
    image.pixels.resize(PNG_IMAGE_SIZE(reader.image));
    const png_color black{0, 0, 0};
    const bool read = png_image_finish_read(&reader.image, &black, image.pixels.data(), 0, palette.data()) != 0;
    if (!read || (reader.image.warning_or_error & PNG_IMAGE_ERROR) != 0) refuseDamaged(file, reader.image.message);
    return image;
}

}  // namespace headroom::formats
