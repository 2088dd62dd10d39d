// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"
#include "engine/formats/image_codecs.h"

namespace headroom::formats {
namespace {

constexpr std::string_view kPng("\x89PNG\r\n\x1A\n", 8);
constexpr std::string_view kJpeg("\xFF\xD8\xFF", 3);

std::int64_t bigEndian(std::span<const std::uint8_t> bytes, std::size_t place, std::size_t count) {
    std::int64_t number = 0;
    for (std::size_t k = 0; k < count; ++k) number = number << 8 | bytes[place + k];
    return number;
}

/// `copies`: of all pixels, beside the file.
DeclaredImage declared(const File& file, std::int64_t height, std::int64_t width, std::int64_t channels, std::uint64_t copies) {
    return {height, width, channels, file.size() + copies * static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(channels)};
}

/// The pixels as they are, their middle, and what becomes of it.
constexpr std::uint64_t kCopies = 3;

/// From the header chunk of a PNG (11.2.2), which comes first.
std::optional<DeclaredImage> declaredByPng(const File& file) {
    constexpr std::size_t kWidth = 16, kHeight = 20, kColour = 25;
    constexpr std::uint8_t kColoured = 2;
    std::array<std::uint8_t, 26> start{};
    if (file.readAt(0, std::as_writable_bytes(std::span(start))) < start.size()) return std::nullopt;
    return declared(file, bigEndian(start, kHeight, 4), bigEndian(start, kWidth, 4), (start[kColour] & kColoured) != 0 ? 3 : 1, kCopies);
}

/// From the first frame header of a JPEG (T.81, B.2.2), past all other segments.
std::optional<DeclaredImage> declaredByJpeg(const File& file) {
    constexpr std::size_t kLength = 2, kHeight = 5, kWidth = 7, kColours = 9, kMostSegments = 4096;
    std::array<std::uint8_t, 10> segment{};
    std::uint64_t place = 2;
    for (std::size_t k = 0; k < kMostSegments; ++k) {
        if (file.readAt(place, std::as_writable_bytes(std::span(segment))) < segment.size() || segment[0] != 0xFF) return std::nullopt;
        const std::uint8_t marker = segment[1];
        const bool isFrame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        const std::uint64_t coefficients = marker == 0xC2 ? 2 : 0;  // of two bytes, all of them at once where the file is progressive
        if (isFrame) return declared(file, bigEndian(segment, kHeight, 2), bigEndian(segment, kWidth, 2), segment[kColours] == 1 ? 1 : 3, kCopies + coefficients);
        if (marker == 0xD9 || marker == 0xDA) return std::nullopt;
        place += marker == 0xFF ? 1 : 2 + static_cast<std::uint64_t>(bigEndian(segment, kLength, 2));
    }
    return std::nullopt;
}

/// For the message: people rename files.
std::string kindOf(std::string_view bytes) {
    const std::string_view start = bytes.substr(0, 512);
    if (start.empty()) return "the file is empty";
    if (start.find("<svg") != std::string_view::npos) return "content is SVG";
    if (start.find("<html") != std::string_view::npos || start.starts_with("<!DOCTYPE")) return "content is HTML";
    if (start.starts_with("GIF8")) return "content is GIF";
    if (start.starts_with("BM")) return "content is BMP";
    if (start.starts_with("RIFF")) return "content is WebP";
    return "content is of another format";
}

}  // namespace

void requireImageSize(const ImageFile& file, std::uint64_t width, std::uint64_t height, std::uint64_t channels, const ImageLimits& limits) {
    const auto most = static_cast<std::uint64_t>(limits.maxSide);
    const std::string found = groupedUnsigned(width) + " × " + groupedUnsigned(height);
    if (width == 0 || height == 0) refuseDamaged(file, found + " pixels");
    if (width > most || height > most)
        throw Error({Code::Img01, file.name, "a side of the picture is too long", found, fmt::format("limit {} a side", groupedUnsigned(most)), "Make it smaller."});
    if (width * height * channels > limits.maxDecoded)
        throw Error({Code::Img02, file.name, "the picture is too large", bytesText(width * height * channels) + " decoded",
                     fmt::format("limit {}", bytesText(limits.maxDecoded)), "Make it smaller."});
    if (width * height > limits.maxPixels)
        throw Error({Code::Img02, file.name, "the picture has too many pixels", found, fmt::format("limit {} pixels", groupedUnsigned(limits.maxPixels)), "Make it smaller."});
}

void refuseDamaged(const ImageFile& file, std::string found) {
    throw Error({Code::Dat02, file.name, "the picture is damaged", std::move(found), {}, "Copy or save it again."});
}

bool looksLikeImage(std::string_view bytes) { return bytes.starts_with(kPng) || bytes.starts_with(kJpeg); }

std::optional<DeclaredImage> declaredImage(const std::filesystem::path& path) {
    const File file(path);
    const std::string start = head(file, kPng.size());
    const auto found = start == kPng ? declaredByPng(file) : start.starts_with(kJpeg) ? declaredByJpeg(file) : std::nullopt;
    return found && found->height > 0 && found->width > 0 ? found : std::nullopt;
}

OpenedImage openImage(const std::filesystem::path& path, const ImageLimits& limits) {
    const File opened(path);
    const std::string start = head(opened, 512);
    if (!looksLikeImage(start)) throw Error({Code::Img03, opened.name(), "neither PNG nor JPEG", kindOf(start), {}, "Choose a PNG or JPEG file."});
    if (opened.size() > limits.maxFile)
        throw Error({Code::Img02, opened.name(), "the file is too large", bytesText(opened.size()), fmt::format("limit {}", bytesText(limits.maxFile)), "Make it smaller."});
    OpenedImage image{opened.name(), std::vector<std::uint8_t>(opened.size()), !start.starts_with(kPng)};
    opened.readExactly(0, std::as_writable_bytes(std::span(image.bytes)), Code::Dat02);
    return image;
}

Image readImage(const std::filesystem::path& path, const ImageLimits& limits) {
    const OpenedImage opened = openImage(path, limits);
    const ImageFile file{opened.name, opened.bytes};
    return opened.isJpeg ? decodeJpeg(file, limits) : decodePng(file, limits);
}

}  // namespace headroom::formats
