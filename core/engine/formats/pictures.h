// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace headroom::formats {

/// Pictures of one size and their classes.
struct Pictures {
    std::int64_t height = 0, width = 0, channels = 0;
    std::vector<std::uint8_t> pixels;  ///< [picture, height, width, channel]
    std::vector<std::int32_t> labels;  ///< [picture]

    std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
    std::int64_t bytesPerPicture() const { return height * width * channels; }
};

struct PictureLimits {
    std::uint64_t maxBytes = std::uint64_t{1} << 40;  ///< of one decoded file
    std::int64_t maxSide = 16384;                     ///< pixels
    /// Compressed files that declare more are decoded twice: once to see that they hold it, before memory is taken.
    std::uint64_t trustedBytes = std::uint64_t{128} << 20;
};

}  // namespace headroom::formats
