// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>

namespace headroom::data {

/// Extent of one picture, bytes in order height, width, channels.
struct PictureSize {
    std::int64_t height = 0, width = 0, channels = 0;
    std::int64_t bytes() const { return height * width * channels; }
    bool operator==(const PictureSize&) const = default;
};

struct AugmentOptions {
    std::int64_t crop = 0;  ///< pixels of black padding on each side before a crop of the original size
    bool flip = false;      ///< mirror left-right with probability one half
    bool any() const { return crop > 0 || flip; }
};

/// What happens to one picture.
struct AugmentChoice {
    std::int64_t down = 0, right = 0;  ///< where the crop begins, relative to the picture: -crop to crop
    bool flip = false;
};

/// A function of (seed, epoch, sample): the same for any number of threads and any batch.
AugmentChoice augmentChoice(const AugmentOptions& options, std::uint64_t seed, std::int64_t epoch, std::int64_t sample);

/// Writes the changed picture. `from` and `to` hold size.bytes() bytes each and do not overlap. `padding`: what stands outside of the picture.
void augment(const PictureSize& size, const AugmentChoice& choice, std::span<const std::uint8_t> from,
             std::span<std::uint8_t> to, std::uint8_t padding = 0);

}  // namespace headroom::data
