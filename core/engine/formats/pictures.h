// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace headroom::formats {

class PictureFiles;

/// Pictures of one size and their classes. Those of a folder may lie in memory, or be decoded as they are asked for.
struct Pictures {
    std::int64_t height = 0, width = 0, channels = 0;
    std::vector<std::uint8_t> pixels;  ///< [picture, height, width, channel]: of all, or, where there are `files`, of the first so many
    std::vector<std::int32_t> labels;  ///< [picture]
    std::shared_ptr<const PictureFiles> files{};  ///< of a folder's pictures

    std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
    std::int64_t bytesPerPicture() const { return height * width * channels; }
    std::int64_t inMemory() const { return files ? static_cast<std::int64_t>(pixels.size()) / bytesPerPicture() : count(); }
    /// The pixels of one; where they have to be decoded, `room` holds them then. Any number of threads may ask. Throws as PictureFiles::decode().
    std::span<const std::uint8_t> picture(std::int64_t number, std::vector<std::uint8_t>& room) const;
};

struct PictureLimits {
    std::uint64_t maxBytes = std::uint64_t{1} << 40;  ///< of one decoded file
    std::int64_t maxSide = 16384;                     ///< pixels
    /// Compressed files that declare more are decoded twice: once to see that they hold it, before memory is taken.
    std::uint64_t trustedBytes = std::uint64_t{128} << 20;
};

}  // namespace headroom::formats
