// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>

#include "base/graph/graph.h"

namespace headroom::models {

/// What pictures of any size are to become for a model.
struct WantedPictures {
    std::int64_t channels = 0, height = 0, width = 0;  ///< pixels; 0 = any
    std::int64_t usualSide = 224;                      ///< of pictures as the model is mostly trained on, where any side goes
    bool operator==(const WantedPictures&) const = default;
};

/// `side`: `data.side`; 0 = what the model file fixes, else any. The usual side is 224, as of ImageNet's pictures; that of architectures
/// for small pictures, whose layers would grow with larger ones, is 64. `file`: the graph of model.file, which then counts in place of the
/// architecture; its channels are wanted whatever the side. One that takes rows of pixels wants squares of so many.
WantedPictures wantedPictures(std::int64_t side, std::string_view architecture, const graph::Graph* file = nullptr);

}  // namespace headroom::models
