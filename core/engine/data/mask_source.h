// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "engine/data/picture_source.h"
#include "engine/formats/mask_folder.h"

namespace headroom::data {

/// Pictures with a class for each pixel. What changes a picture changes its mask: where a crop leaves the picture nothing counts.
class MaskSource : public Source, public RawSource {
public:
    /// `masks`: of all pictures in the store, as formats::Masks has them. `chosen`: numbers of this part's pictures.
    MaskSource(std::shared_ptr<const formats::Pictures> store, std::shared_ptr<const std::vector<std::uint8_t>> masks, const std::vector<std::int64_t>& chosen,
               std::shared_ptr<const Normaliser> normaliser, AugmentOptions augment);

    std::int64_t size() const override { return m_pictures.size(); }
    std::int64_t termsPerSample() const override { return 0; }
    /// Pixels that are not ignored.
    std::int64_t terms(std::span<const std::int64_t> samples, const Draw& draw) const override;
    Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const override;
    std::vector<RawInput> raw(std::span<const std::int64_t> samples) const override { return m_pictures.raw(samples); }

private:
    std::span<const std::uint8_t> maskOf(std::int64_t sample) const;
    bool crops(const Draw& draw) const { return draw.augment && m_augment.crop > 0; }

    PictureSource m_pictures;
    std::shared_ptr<const std::vector<std::uint8_t>> m_masks;
    PictureSize m_size;  ///< of a mask
    std::vector<std::int64_t> m_chosen;
    AugmentOptions m_augment;
    std::vector<std::int64_t> m_counted;  ///< pixels of each sample's mask that are not ignored
};

/// Pixels of each class, of the chosen masks of so many bytes.
std::vector<std::int64_t> pixelCounts(std::span<const std::uint8_t> masks, std::int64_t bytes, std::span<const std::int64_t> chosen, std::size_t classes);

}  // namespace headroom::data
