// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "engine/formats/image_codecs.h"

namespace headroom::formats {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// Numbers of a TIFF structure (TIFF 6.0), in its order of bytes; nothing outside of it.
class Tiff {
public:
    explicit Tiff(Bytes bytes) : m_bytes(bytes), m_little(bytes.size() > 1 && bytes[0] == 'I' && bytes[1] == 'I') {}

    std::optional<std::uint32_t> number(std::size_t place, std::size_t size) const {
        if (place > m_bytes.size() || m_bytes.size() - place < size) return std::nullopt;
        std::uint32_t number = 0;
        for (std::size_t k = 0; k < size; ++k) number = number << 8 | m_bytes[place + (m_little ? size - 1 - k : k)];
        return number;
    }

private:
    Bytes m_bytes;
    bool m_little;
};

int orientationIn(Bytes structure) {
    constexpr std::size_t kFirstFolder = 4, kEntry = 12, kValue = 8;
    constexpr std::uint32_t kOrientation = 0x0112;
    const Tiff tiff(structure);
    const auto folder = tiff.number(kFirstFolder, 4);
    const auto entries = folder ? tiff.number(*folder, 2) : std::nullopt;
    for (std::size_t k = 0; entries && k < *entries; ++k) {
        const std::size_t entry = std::size_t{*folder} + 2 + k * kEntry;
        const auto tag = tiff.number(entry, 2);
        if (!tag) return 1;
        if (*tag != kOrientation) continue;
        const std::uint32_t value = tiff.number(entry + kValue, 2).value_or(1);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

/// Where the pixel of a turned picture lies in the one before.
struct Turn {
    bool swapped, fromRight, fromBottom;
};

Turn turnOf(int orientation) {
    constexpr Turn kTurns[] = {{false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
                               {true, false, false}, {true, false, true}, {true, true, true}, {true, true, false}};
    return kTurns[orientation - 1];
}

}  // namespace

int exifOrientation(Bytes jpeg) {
    constexpr std::uint8_t kMarker = 0xFF, kApp1 = 0xE1, kStartOfScan = 0xDA;
    constexpr std::size_t kNameBytes = 6;
    for (std::size_t place = 2; place + 4 <= jpeg.size() && jpeg[place] == kMarker && jpeg[place + 1] != kStartOfScan;) {
        const std::size_t length = static_cast<std::size_t>(jpeg[place + 2]) << 8 | jpeg[place + 3];
        if (length < 2 || jpeg.size() - place - 2 < length) return 1;
        const Bytes content = jpeg.subspan(place + 4, length - 2);
        const bool exif = content.size() > kNameBytes && std::string_view(reinterpret_cast<const char*>(content.data()), 4) == "Exif";
        if (jpeg[place + 1] == kApp1 && exif) return orientationIn(content.subspan(kNameBytes));
        place += 2 + length;
    }
    return 1;
}

Image oriented(Image image, int orientation) {
    if (orientation == 1) return image;
    const Turn turn = turnOf(orientation);
    Image turned{turn.swapped ? image.width : image.height, turn.swapped ? image.height : image.width, image.channels, {}};
    turned.pixels.reserve(image.pixels.size());
    for (std::int64_t row = 0; row < turned.height; ++row)
        for (std::int64_t column = 0; column < turned.width; ++column) {
            const std::int64_t x = turn.swapped ? row : column, y = turn.swapped ? column : row;
            const std::int64_t fromX = turn.fromRight ? image.width - 1 - x : x, fromY = turn.fromBottom ? image.height - 1 - y : y;
            const auto* pixel = image.pixels.data() + (fromY * image.width + fromX) * image.channels;
            turned.pixels.insert(turned.pixels.end(), pixel, pixel + image.channels);
        }
    return turned;
}

}  // namespace headroom::formats
