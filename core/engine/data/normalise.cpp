// SPDX-License-Identifier: Apache-2.0
#include "engine/data/normalise.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/formats/picture_files.h"

// One binary for every x86-64: the loops below are compiled for three generations and chosen at start.
#if defined(__x86_64__) && !defined(__clang__)
#define HEADROOM_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HEADROOM_VECTOR_CLONES
#endif

namespace headroom::data {
namespace {

HEADROOM_VECTOR_CLONES
void scaleToFloat(const std::uint8_t* __restrict in, const float* __restrict scale, const float* __restrict shift,
                  float* __restrict out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) * scale[i] + shift[i];
}

HEADROOM_VECTOR_CLONES
void scaleToBFloat16(const std::uint8_t* __restrict in, const float* __restrict scale, const float* __restrict shift,
                     std::uint16_t* __restrict out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(in[i]) * scale[i] + shift[i]);
        out[i] = static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
    }
}

}  // namespace

std::uint16_t bfloat16Bits(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

PixelStatistics pixelStatistics(const formats::Pictures& pictures, std::span<const std::int64_t> samples) {
    PixelStatistics statistics;
    const auto stride = static_cast<std::size_t>(pictures.channels), each = static_cast<std::size_t>(pictures.bytesPerPicture());
    const double count = static_cast<double>(each / stride) * static_cast<double>(samples.size());
    for (std::size_t channel = 0; channel < stride; ++channel) {
        formats::PixelSums all;
        for (const std::int64_t sample : samples)
            if (const auto place = static_cast<std::size_t>(sample); pictures.files)
                all.add(pictures.files->entries()[place].sums.at(channel));
            else
                all.add(pictures.pixels.data() + place * each + channel, each / stride, stride);
        const double mean = static_cast<double>(all.sum) / count;
        const double variance = std::max(0.0, static_cast<double>(all.squares) / count - mean * mean);
        statistics.mean.push_back(mean / 255);
        statistics.deviation.push_back(variance > 0 ? std::sqrt(variance) / 255 : 1);
    }
    return statistics;
}

Normaliser::Normaliser(const PixelStatistics& statistics, std::int64_t pictureBytes) {
    const std::size_t channels = statistics.mean.size();
    for (std::size_t i = 0; i < static_cast<std::size_t>(pictureBytes); ++i) {
        const std::size_t channel = i % channels;
        m_scale.push_back(static_cast<float>(1 / (255 * statistics.deviation[channel])));
        m_shift.push_back(static_cast<float>(-statistics.mean[channel] / statistics.deviation[channel]));
    }
}

void Normaliser::toFloat(const std::uint8_t* picture, float* out) const {
    scaleToFloat(picture, m_scale.data(), m_shift.data(), out, m_scale.size());
}

void Normaliser::toBFloat16(const std::uint8_t* picture, std::uint16_t* out) const {
    scaleToBFloat16(picture, m_scale.data(), m_shift.data(), out, m_scale.size());
}

}  // namespace headroom::data
