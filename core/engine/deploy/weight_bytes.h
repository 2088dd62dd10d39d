// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "engine/formats/safetensors.h"
#include "engine/train/model.h"

namespace headroom::deploy {

/// Parameters and buffers of a model as bytes, in their element types.
class WeightBytes {
public:
    /// The matrices of these names the other way round.
    explicit WeightBytes(const train::Model& model, const std::set<std::string>& turned = {});
    const std::vector<formats::StView>& views() const { return m_views; }

private:
    std::vector<std::vector<std::byte>> m_bytes;
    std::vector<formats::StView> m_views;
};

}  // namespace headroom::deploy
