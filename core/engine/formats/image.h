// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::formats {

/// One picture of 8 bits a channel: 1 channel (brightness) or 3 (red, green, blue).
struct Image {
    std::int64_t height = 0, width = 0, channels = 0;
    std::vector<std::uint8_t> pixels;  ///< [height, width, channel]
};

struct ImageLimits {
    std::int64_t maxSide = 16384;                       ///< pixels
    std::uint64_t maxPixels = std::uint64_t{64} << 20;
    std::uint64_t maxDecoded = std::uint64_t{128} << 20;  ///< bytes
    std::uint64_t maxFile = std::uint64_t{64} << 20;      ///< bytes
};

/// Reads a PNG (ISO/IEC 15948) or JPEG (ITU-T T.81), told apart by content. Sizes are checked before memory is taken. What is not
/// 8 bits of brightness or colour becomes that: 16 bits lose their lower half, palettes become colours, transparent parts lie on
/// white, CMYK is multiplied out; the orientation that Exif names is applied. A damaged or cut file is refused whole, never
/// half grey. Throws Error IMG-03 for what is neither, IMG-01 for too long a side, IMG-02 for more pixels or bytes than the limits, DAT-02
/// for what is damaged, DAT-04 for no regular file.
Image readImage(const std::filesystem::path& path, const ImageLimits& limits = {});

/// The first bytes of a PNG or JPEG.
bool looksLikeImage(std::string_view bytes);

/// What a PNG or JPEG says of itself.
struct DeclaredImage {
    std::int64_t height = 0, width = 0;  ///< pixels, before it is turned as Exif says
    std::int64_t channels = 0;           ///< as readImage() makes them
    std::uint64_t decodingBytes = 0;     ///< that reading it and making it of another size takes at its most: the file, its pixels, copies of them
                                         ///< and what libjpeg keeps of a progressive one
};
/// Before much of it is read; nothing where it does not say it. Throws DAT-04.
std::optional<DeclaredImage> declaredImage(const std::filesystem::path& path);

/// Added before the fraction is cut off. Means of bytes are halves often: a little more than a half takes them up whatever the last bits of a sum
/// say, so that files that resize in fp32 make the same bytes.
constexpr double kRoundUpFrom = 0.5 + 1.0 / 1024;

/// In another size: every pixel the mean of those that it covers, weighted by a triangle as wide as two of the coarser pixels
/// ("bilinear" of Pillow, antialiased). The same size changes nothing.
Image resized(const Image& image, std::int64_t height, std::int64_t width);
/// The largest part in the picture's middle that is as wide for its height as the wanted size, in that size (resized()) and so many
/// channels: what every picture of any size becomes for a net, in training and afterwards.
Image fitted(const Image& image, std::int64_t height, std::int64_t width, std::int64_t channels);

/// With 1 or 3 channels: brightness by ITU-R BT.601, or brightness as all three colours.
Image withChannels(const Image& image, std::int64_t channels);

}  // namespace headroom::formats
