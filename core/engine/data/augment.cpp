// SPDX-License-Identifier: Apache-2.0
#include "engine/data/augment.h"

#include <algorithm>
#include <cstring>

#include "engine/data/random.h"

namespace headroom::data {
namespace {

void mirror(std::uint8_t* row, std::int64_t width, std::int64_t channels) {
    if (channels == 1) {
        std::reverse(row, row + width);
        return;
    }
    for (std::int64_t left = 0, right = width - 1; left < right; ++left, --right)
        std::swap_ranges(row + left * channels, row + (left + 1) * channels, row + right * channels);
}

}  // namespace

AugmentChoice augmentChoice(const AugmentOptions& options, std::uint64_t seed, std::int64_t epoch, std::int64_t sample) {
    AugmentChoice choice;
    if (options.crop > 0) {
        choice.down = below(draw(seed, Stream::Augment, epoch, sample, 0), 2 * options.crop + 1) - options.crop;
        choice.right = below(draw(seed, Stream::Augment, epoch, sample, 1), 2 * options.crop + 1) - options.crop;
    }
    choice.flip = options.flip && (draw(seed, Stream::Augment, epoch, sample, 2) >> 63) != 0;
    return choice;
}

void augment(const PictureSize& size, const AugmentChoice& choice, std::span<const std::uint8_t> from,
             std::span<std::uint8_t> to, std::uint8_t padding) {
    const std::int64_t rowBytes = size.width * size.channels;
    const std::int64_t firstColumn = std::clamp<std::int64_t>(-choice.right, 0, size.width);
    const std::int64_t endColumn = std::clamp<std::int64_t>(size.width - choice.right, 0, size.width);
    const std::int64_t lead = firstColumn * size.channels;
    const std::int64_t copied = std::max<std::int64_t>(endColumn - firstColumn, 0) * size.channels;
    for (std::int64_t y = 0; y < size.height; ++y) {
        std::uint8_t* row = to.data() + y * rowBytes;
        const std::int64_t source = y + choice.down;
        if (source < 0 || source >= size.height || copied == 0) {
            std::memset(row, padding, static_cast<std::size_t>(rowBytes));
            continue;
        }
        std::memset(row, padding, static_cast<std::size_t>(lead));
        std::memcpy(row + lead, from.data() + source * rowBytes + (firstColumn + choice.right) * size.channels,
                    static_cast<std::size_t>(copied));
        std::memset(row + lead + copied, padding, static_cast<std::size_t>(rowBytes - lead - copied));
        if (choice.flip) mirror(row, size.width, size.channels);
    }
}

}  // namespace headroom::data
