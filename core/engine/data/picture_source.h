// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "engine/data/augment.h"
#include "engine/data/normalise.h"
#include "engine/data/raw_source.h"
#include "engine/data/source.h"
#include "engine/formats/pictures.h"

namespace headroom::data {

/// Pictures in one pass from bytes to the normalised tensor, augmented on the way.
class PictureSource : public Source, public RawSource {
public:
    /// `chosen`: numbers of this part's pictures in the store.
    PictureSource(std::shared_ptr<const formats::Pictures> store, std::vector<std::int64_t> chosen,
                  std::shared_ptr<const Normaliser> normaliser, AugmentOptions augment);

    std::int64_t size() const override { return static_cast<std::int64_t>(m_chosen.size()); }
    Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const override;
    /// "picture": bytes [batch, channels, height, width].
    std::vector<RawInput> raw(std::span<const std::int64_t> samples) const override;

private:
    template <typename Element, typename Convert>
    void fill(std::span<const std::int64_t> samples, const Draw& draw, Element* out, Convert convert) const;

    std::shared_ptr<const formats::Pictures> m_store;
    PictureSize m_size;
    std::vector<std::int64_t> m_chosen;
    std::shared_ptr<const Normaliser> m_normaliser;
    AugmentOptions m_augment;
};

}  // namespace headroom::data
