// SPDX-License-Identifier: Apache-2.0
#include "engine/data/picture_source.h"

#include <algorithm>
#include <utility>

namespace headroom::data {

PictureSource::PictureSource(std::shared_ptr<const formats::Pictures> store, std::vector<std::int64_t> chosen,
                             std::shared_ptr<const Normaliser> normaliser, AugmentOptions augment)
    : m_store(std::move(store)), m_size{m_store->height, m_store->width, m_store->channels}, m_chosen(std::move(chosen)), m_normaliser(std::move(normaliser)), m_augment(augment) {}

template <typename Element, typename Convert>
void PictureSource::fill(std::span<const std::int64_t> samples, const Draw& draw, Element* out, Convert convert) const {
    const auto bytes = static_cast<std::size_t>(m_size.bytes());
    const bool changes = draw.augment && m_augment.any();
    std::vector<std::uint8_t> changed(changes ? bytes : 0), decoded;
    for (const std::int64_t sample : samples) {
        std::span<const std::uint8_t> from = m_store->picture(m_chosen[static_cast<std::size_t>(sample)], decoded);
        if (changes) {
            augment(m_size, augmentChoice(m_augment, draw.seed, draw.epoch, sample), from, changed);
            from = changed;
        }
        convert(from.data(), out);
        out += bytes;
    }
}

Samples PictureSource::assemble(std::span<const std::int64_t> samples, const Draw& draw,
                                const Placement& placement) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    const PictureSize& size = m_size;
    at::Tensor pixels = batchTensor({batch, size.height, size.width, size.channels}, placement.input, placement);
    if (placement.input == at::kBFloat16) {
        const auto convert = [this](const std::uint8_t* in, std::uint16_t* out) { m_normaliser->toBFloat16(in, out); };
        fill(samples, draw, static_cast<std::uint16_t*>(pixels.data_ptr()), convert);
    } else {
        const auto convert = [this](const std::uint8_t* in, float* out) { m_normaliser->toFloat(in, out); };
        fill(samples, draw, pixels.data_ptr<float>(), convert);
    }
    at::Tensor labels = batchTensor({batch}, at::kLong, placement);
    auto* label = labels.data_ptr<std::int64_t>();
    for (const std::int64_t sample : samples)
        *label++ = m_store->labels[static_cast<std::size_t>(m_chosen[static_cast<std::size_t>(sample)])];
    // permute keeps the strides of [batch, height, width, channels]: channels-last also with a single channel
    return {pixels.permute({0, 3, 1, 2}), labels};
}

std::vector<RawInput> PictureSource::raw(std::span<const std::int64_t> samples) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    const at::Tensor pixels = batchTensor({batch, m_size.height, m_size.width, m_size.channels}, at::kByte, {});
    const auto bytes = static_cast<std::size_t>(m_size.bytes());
    fill(samples, {}, pixels.data_ptr<std::uint8_t>(), [bytes](const std::uint8_t* in, std::uint8_t* out) { std::copy_n(in, bytes, out); });
    return {{"picture", pixels.permute({0, 3, 1, 2}).contiguous()}};
}

}  // namespace headroom::data
