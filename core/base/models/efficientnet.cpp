// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/models/builders.h"
#include "base/models/inverted_residual.h"

namespace headroom::models {
namespace {

using graph::Initializer;
using graph::ValueId;

constexpr Activation kSilu = &LayerBuilder::silu;

/// Table 1 of the paper: expansion, kernel, stride of the first, maps, repeats.
struct Stage {
    std::int64_t expansion, kernel, stride, maps, repeats;
};
constexpr auto kStages = std::to_array<Stage>({{1, 3, 1, 16, 1},
                                               {6, 3, 2, 24, 2},
                                               {6, 5, 2, 40, 2},
                                               {6, 3, 2, 80, 3},
                                               {6, 5, 1, 112, 3},
                                               {6, 5, 2, 192, 4},
                                               {6, 3, 1, 320, 1}});

InvertedResidual blockOf(const Stage& stage, std::int64_t channels, bool first) {
    return {.list = "block", .expanded = stage.expansion * channels, .kernel = stage.kernel,
            .stride = first ? stage.stride : 1, .maps = stage.maps, .activation = kSilu,
            .squeeze = {channels / 4, kSilu, "Sigmoid"}};
}

}  // namespace

graph::Graph buildEfficientnetB0(const DataShape& data, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    const Convolution stem{.stride = isSmall(data) ? 1 : 2, .fan = Convolution::Fan::Out};
    ValueId x = convolutionUnit(layers, "features/0", addInput(net, data), 32, {stem, {}, kSilu});
    int place = 0;
    for (const Stage& stage : kStages) {
        ++place;
        for (std::int64_t k = 0; k < stage.repeats; ++k) {
            layers.enterBlock(fmt::format("features/{}/{}", place, k));
            x = invertedResidual(layers, x, blockOf(stage, layers.extent(x, 1), k == 0));
        }
    }
    layers.enterBlock("");
    x = convolutionUnit(layers, "features/8", x, 1280, {{.kernel = 1, .fan = Convolution::Fan::Out}, {}, kSilu});
    x = layers.dropout("dropout", layers.pooled(x));
    const Initializer head{Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(data.outputs))};
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, {"classifier/1", head, Initializer{}})});
    return net;
}

}  // namespace headroom::models
