// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/formats/pictures.h"

namespace headroom::data {

/// Mean and standard deviation a channel of pictures whose bytes are read as value / 255.
struct PixelStatistics {
    std::vector<double> mean, deviation;
};

/// Of the pictures `samples`; of files those that were decoded once. A channel that never varies gets deviation 1.
PixelStatistics pixelStatistics(const formats::Pictures& pictures, std::span<const std::int64_t> samples);

/// (byte / 255 - mean) / deviation as one multiply and one add, laid out for a whole picture so that the loop over its
/// bytes has no remainder by channel.
class Normaliser {
public:
    Normaliser() = default;
    Normaliser(const PixelStatistics& statistics, std::int64_t pictureBytes);
    void toFloat(const std::uint8_t* picture, float* out) const;
    /// Rounded to nearest, ties to even; `out` holds the bit patterns.
    void toBFloat16(const std::uint8_t* picture, std::uint16_t* out) const;

private:
    std::vector<float> m_scale, m_shift;
};

/// The upper half of a finite float's bits, rounded to nearest, ties to even.
std::uint16_t bfloat16Bits(float value);

}  // namespace headroom::data
