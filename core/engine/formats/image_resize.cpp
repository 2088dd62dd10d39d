// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "engine/formats/image.h"

namespace headroom::formats {
namespace {

/// What one pixel of the result is made of along one side.
struct Share {
    std::int64_t first = 0;
    std::vector<double> weights;  ///< sum 1
};

/// A triangle around the pixel's middle, as wide as a pixel of the coarser picture to each side.
std::vector<Share> sharesOf(std::int64_t from, std::int64_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), reach = std::max(scale, 1.0);
    std::vector<Share> shares;
    for (std::int64_t k = 0; k < to; ++k) {
        const double middle = (static_cast<double>(k) + 0.5) * scale;
        Share share;
        share.first = std::max<std::int64_t>(0, static_cast<std::int64_t>(middle - reach + 0.5));
        const std::int64_t end = std::min(from, static_cast<std::int64_t>(middle + reach + 0.5));
        double sum = 0;
        for (std::int64_t place = share.first; place < end; ++place) {
            const double weight = std::max(0.0, 1 - std::abs((static_cast<double>(place) + 0.5 - middle) / reach));
            share.weights.push_back(weight);
            sum += weight;
        }
        for (double& weight : share.weights) weight /= sum;
        shares.push_back(std::move(share));
    }
    return shares;
}

std::uint8_t rounded(double value) { return static_cast<std::uint8_t>(std::clamp(std::floor(value + kRoundUpFrom), 0.0, 255.0)); }

Image resizedInWidth(const Image& image, std::int64_t width) {
    if (image.width == width) return image;
    const std::vector<Share> shares = sharesOf(image.width, width);
    Image made{image.height, width, image.channels, {}};
    made.pixels.reserve(static_cast<std::size_t>(made.height * width * made.channels));
    for (std::int64_t row = 0; row < image.height; ++row)
        for (const Share& share : shares)
            for (std::int64_t channel = 0; channel < image.channels; ++channel) {
                const std::uint8_t* pixel = image.pixels.data() + (row * image.width + share.first) * image.channels + channel;
                double sum = 0;
                for (const double weight : share.weights) {
                    sum += weight * *pixel;
                    pixel += image.channels;
                }
                made.pixels.push_back(rounded(sum));
            }
    return made;
}

Image resizedInHeight(const Image& image, std::int64_t height) {
    if (image.height == height) return image;
    const std::int64_t row = image.width * image.channels;
    Image made{height, image.width, image.channels, {}};
    made.pixels.reserve(static_cast<std::size_t>(height * row));
    std::vector<double> sums(static_cast<std::size_t>(row));
    for (const Share& share : sharesOf(image.height, height)) {
        std::ranges::fill(sums, 0.0);
        for (std::size_t k = 0; k < share.weights.size(); ++k) {
            const std::uint8_t* from = image.pixels.data() + (share.first + static_cast<std::int64_t>(k)) * row;
            for (std::size_t place = 0; place < sums.size(); ++place) sums[place] += share.weights[k] * from[place];
        }
        for (const double sum : sums) made.pixels.push_back(rounded(sum));
    }
    return made;
}

}  // namespace

Image resized(const Image& image, std::int64_t height, std::int64_t width) { return resizedInHeight(resizedInWidth(image, width), height); }

namespace {

/// `extent` in the middle of `from` pixels.
struct Middle {
    std::int64_t first, extent;
    Middle(std::int64_t from, std::int64_t wanted) : first(0), extent(std::clamp<std::int64_t>(wanted, 1, from)) { first = (from - extent) / 2; }
};

Image cut(const Image& image, const Middle& rows, const Middle& columns) {
    if (rows.extent == image.height && columns.extent == image.width) return image;
    Image made{rows.extent, columns.extent, image.channels, {}};
    made.pixels.reserve(static_cast<std::size_t>(made.height * made.width * made.channels));
    for (std::int64_t row = rows.first; row < rows.first + rows.extent; ++row) {
        const auto begin = image.pixels.begin() + (row * image.width + columns.first) * image.channels;
        made.pixels.insert(made.pixels.end(), begin, begin + columns.extent * image.channels);
    }
    return made;
}

}  // namespace

/// Brightness is resized before it becomes three colours, colours after they became brightness: the fewer the channels the quicker.
Image fitted(const Image& image, std::int64_t height, std::int64_t width, std::int64_t channels) {
    const Image middle = cut(image, {image.height, image.width * height / width}, {image.width, image.height * width / height});
    if (image.channels < channels) return withChannels(resized(middle, height, width), channels);
    return resized(withChannels(middle, channels), height, width);
}

Image withChannels(const Image& image, std::int64_t channels) {
    if (image.channels == channels) return image;
    const auto count = static_cast<std::size_t>(image.height * image.width);
    Image made{image.height, image.width, channels, {}};
    made.pixels.reserve(count * static_cast<std::size_t>(channels));
    for (std::size_t pixel = 0; pixel < count; ++pixel) {
        if (channels == 1) {
            const std::uint8_t* colour = image.pixels.data() + 3 * pixel;
            made.pixels.push_back(static_cast<std::uint8_t>((299 * colour[0] + 587 * colour[1] + 114 * colour[2] + 500) / 1000));
        } else {
            made.pixels.insert(made.pixels.end(), static_cast<std::size_t>(channels), image.pixels[pixel]);
        }
    }
    return made;
}

}  // namespace headroom::formats
