// SPDX-License-Identifier: Apache-2.0
#include <turbojpeg.h>

#include <algorithm>
#include <memory>

#include "base/errors/error.h"
#include "engine/formats/image_codecs.h"

namespace headroom::formats {
namespace {

using Handle = std::unique_ptr<void, int (*)(tjhandle)>;

struct Header {
    int width = 0, height = 0, sampling = 0, colours = 0;
};

Header headerOf(const Handle& handle, const ImageFile& file) {
    Header header;
    if (tjDecompressHeader3(handle.get(), file.bytes.data(), file.bytes.size(), &header.width, &header.height, &header.sampling, &header.colours) != 0)
        refuseDamaged(file, tjGetErrorStr2(handle.get()));
    return header;
}

/// Inks as programs of print write them: inverted (Adobe technical note 5116), so that a product is what light is left.
Image multipliedOut(const Image& inks) {
    Image image{inks.height, inks.width, 3, std::vector<std::uint8_t>(static_cast<std::size_t>(inks.height * inks.width * 3))};
    for (std::size_t pixel = 0; pixel < image.pixels.size() / 3; ++pixel)
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const unsigned product = static_cast<unsigned>(inks.pixels[4 * pixel + channel]) * inks.pixels[4 * pixel + 3];
            image.pixels[3 * pixel + channel] = static_cast<std::uint8_t>((product + 127) / 255);
        }
    return image;
}

}  // namespace

Image decodeJpeg(const ImageFile& file, const ImageLimits& limits) {
    const Handle handle(tjInitDecompress(), tjDestroy);
    const Header header = headerOf(handle, file);
    const bool grey = header.colours == TJCS_GRAY, inks = header.colours == TJCS_CMYK || header.colours == TJCS_YCCK;
    const int format = grey ? TJPF_GRAY : inks ? TJPF_CMYK : TJPF_RGB;
    const auto channels = static_cast<std::uint64_t>(tjPixelSize[format]);
    requireImageSize(file, static_cast<std::uint64_t>(std::max(header.width, 0)), static_cast<std::uint64_t>(std::max(header.height, 0)), channels, limits);
    Image image{header.height, header.width, static_cast<std::int64_t>(channels), {}};
    image.pixels.resize(static_cast<std::size_t>(image.height * image.width * image.channels));
    constexpr int kFlags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    if (tjDecompress2(handle.get(), file.bytes.data(), file.bytes.size(), image.pixels.data(), header.width, 0, header.height, format, kFlags) != 0)
        refuseDamaged(file, tjGetErrorStr2(handle.get()));
    if (inks) image = multipliedOut(image);
    return oriented(std::move(image), exifOrientation(file.bytes));
}

}  // namespace headroom::formats
