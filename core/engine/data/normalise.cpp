// SPDX-License-Identifier: Apache-2.0
#include "engine/data/normalise.h"

#include <algorithm>
#include <bit>
#include <cmath>

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

/// Sums in 32 bits: 255 * 255 * 65,536 still fits.
HEADROOM_VECTOR_CLONES
void sumBlock(const std::uint8_t* in, std::size_t count, std::size_t stride, std::uint64_t& sum, std::uint64_t& squares) {
    std::uint32_t blockSum = 0, blockSquares = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t value = in[i * stride];
        blockSum += value;
        blockSquares += value * value;
    }
    sum += blockSum;
    squares += blockSquares;
}

constexpr std::size_t kBlock = 65536;

void sumChannel(const std::uint8_t* picture, std::size_t count, std::size_t stride, std::uint64_t& sum,
                std::uint64_t& squares) {
    for (std::size_t at = 0; at < count; at += kBlock)
        sumBlock(picture + at * stride, std::min(kBlock, count - at), stride, sum, squares);
}

}  // namespace

std::uint16_t bfloat16Bits(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

PixelStatistics pixelStatistics(std::span<const std::uint8_t> pixels, std::int64_t pictureBytes, std::int64_t channels,
                                std::span<const std::int64_t> samples) {
    PixelStatistics statistics;
    const auto stride = static_cast<std::size_t>(channels);
    const std::size_t perChannel = static_cast<std::size_t>(pictureBytes) / stride;
    const double count = static_cast<double>(perChannel) * static_cast<double>(samples.size());
    for (std::size_t channel = 0; channel < stride; ++channel) {
        std::uint64_t sum = 0, squares = 0;
        for (const std::int64_t sample : samples)
            sumChannel(pixels.data() + sample * pictureBytes + channel, perChannel, stride, sum, squares);
        const double mean = static_cast<double>(sum) / count;
        const double variance = std::max(0.0, static_cast<double>(squares) / count - mean * mean);
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
