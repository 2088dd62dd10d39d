// SPDX-License-Identifier: Apache-2.0
#include "engine/data/mask_source.h"

#include <algorithm>
#include <array>

#include "base/models/models.h"
#include "engine/formats/mask_image.h"

namespace headroom::data {
namespace {

static_assert(formats::kIgnoredPixel == models::kIgnoredClass);

std::int64_t counted(std::span<const std::uint8_t> mask) { return std::ssize(mask) - std::ranges::count(mask, formats::kIgnoredPixel); }

}  // namespace

MaskSource::MaskSource(std::shared_ptr<const formats::Pictures> store, std::shared_ptr<const std::vector<std::uint8_t>> masks, const std::vector<std::int64_t>& chosen,
                       std::shared_ptr<const Normaliser> normaliser, AugmentOptions augment)
    : m_pictures(store, chosen, std::move(normaliser), augment), m_masks(std::move(masks)), m_size{store->height, store->width, 1}, m_chosen(chosen), m_augment(augment) {
    for (std::int64_t sample = 0; sample < size(); ++sample) m_counted.push_back(counted(maskOf(sample)));
}

std::span<const std::uint8_t> MaskSource::maskOf(std::int64_t sample) const {
    const auto bytes = static_cast<std::size_t>(m_size.bytes());
    return {m_masks->data() + static_cast<std::size_t>(m_chosen[static_cast<std::size_t>(sample)]) * bytes, bytes};
}

std::int64_t MaskSource::terms(std::span<const std::int64_t> samples, const Draw& draw) const {
    std::vector<std::uint8_t> changed(crops(draw) ? static_cast<std::size_t>(m_size.bytes()) : 0);
    std::int64_t sum = 0;
    for (const std::int64_t sample : samples) {
        if (!crops(draw)) {
            sum += m_counted[static_cast<std::size_t>(sample)];
            continue;
        }
        augment(m_size, augmentChoice(m_augment, draw.seed, draw.epoch, sample), maskOf(sample), changed, formats::kIgnoredPixel);
        sum += counted(changed);
    }
    return sum;
}

Samples MaskSource::assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const {
    at::Tensor target = batchTensor({std::ssize(samples), m_size.height, m_size.width}, at::kLong, placement);
    const bool changes = draw.augment && m_augment.any();
    std::vector<std::uint8_t> changed(changes ? static_cast<std::size_t>(m_size.bytes()) : 0);
    auto* to = target.data_ptr<std::int64_t>();
    for (const std::int64_t sample : samples) {
        std::span<const std::uint8_t> mask = maskOf(sample);
        if (changes) {
            augment(m_size, augmentChoice(m_augment, draw.seed, draw.epoch, sample), mask, changed, formats::kIgnoredPixel);
            mask = changed;
        }
        to = std::ranges::copy(mask, to).out;
    }
    return {m_pictures.assemble(samples, draw, placement).input, target};
}

std::vector<std::int64_t> pixelCounts(std::span<const std::uint8_t> masks, std::int64_t bytes, std::span<const std::int64_t> chosen, std::size_t classes) {
    std::array<std::int64_t, 256> counts{};
    for (const std::int64_t each : chosen)
        for (const std::uint8_t pixel : masks.subspan(static_cast<std::size_t>(each * bytes), static_cast<std::size_t>(bytes))) ++counts[pixel];
    return {counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(classes)};
}

}  // namespace headroom::data
