// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/models/builders.h"
#include "base/models/inverted_residual.h"

namespace headroom::models {
namespace {

using graph::Initializer;
using graph::ValueId;

constexpr Initializer kHead{Initializer::Kind::Normal, 0.01};
const FullyConnected headNamed(const char* parameters) { return {parameters, kHead, Initializer{}}; }

Convolution stem(const DataShape& data) { return {.stride = isSmall(data) ? 1 : 2, .fan = Convolution::Fan::Out}; }
constexpr Convolution::Fan kOut = Convolution::Fan::Out;

/// Table 2 of the paper: expansion, maps, repeats, stride of the first.
struct Stage {
    std::int64_t expansion, maps, repeats, stride;
};
constexpr auto kStages = std::to_array<Stage>(
    {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}});

/// Table 2 of the paper: kernel, expanded maps, maps, squeeze and excitation, hard swish (else ReLU), stride.
struct Row {
    std::int64_t kernel, expanded, maps;
    bool squeezes, swishes;
    std::int64_t stride;
};
constexpr auto kRows = std::to_array<Row>({{3, 16, 16, true, false, 2},
                                           {3, 72, 24, false, false, 2},
                                           {3, 88, 24, false, false, 1},
                                           {5, 96, 40, true, true, 2},
                                           {5, 240, 40, true, true, 1},
                                           {5, 240, 40, true, true, 1},
                                           {5, 120, 48, true, true, 1},
                                           {5, 144, 48, true, true, 1},
                                           {5, 288, 96, true, true, 2},
                                           {5, 576, 96, true, true, 1},
                                           {5, 576, 96, true, true, 1}});

/// The multiple of 8 next to it, no smaller than nine tenths of it.
constexpr std::int64_t roundedTo8(std::int64_t maps) {
    const std::int64_t rounded = (maps + 4) / 8 * 8;
    return 10 * rounded < 9 * maps ? rounded + 8 : rounded;
}

InvertedResidual blockOf(const Row& row, const BatchNorm& norm) {
    const Activation activation = row.swishes ? &LayerBuilder::hardSwish : &LayerBuilder::relu;
    const SqueezeExcitation squeeze{row.squeezes ? roundedTo8(row.expanded / 4) : 0, &LayerBuilder::relu, "HardSigmoid"};
    return {.list = "block", .expanded = row.expanded, .kernel = row.kernel, .stride = row.stride, .maps = row.maps,
            .activation = activation, .norm = norm, .squeeze = squeeze};
}

}  // namespace

graph::Graph buildMobilenetV2(const DataShape& data, const ModelOptions& options) {
    constexpr Activation kRelu6 = &LayerBuilder::relu6;
    graph::Graph net;
    LayerBuilder layers(net, options);
    ValueId x = convolutionUnit(layers, "features/0", addInput(net, data), 32, {stem(data), {}, kRelu6});
    int place = 0;
    for (const Stage& stage : kStages)
        for (std::int64_t k = 0; k < stage.repeats; ++k) {
            layers.enterBlock(fmt::format("features/{}", ++place));
            x = invertedResidual(layers, x, {.list = "conv", .expanded = stage.expansion * layers.extent(x, 1),
                                             .stride = k == 0 ? stage.stride : 1, .maps = stage.maps,
                                             .activation = kRelu6, .flatEnd = true});
        }
    layers.enterBlock("");
    x = convolutionUnit(layers, "features/18", x, 1280, {{.kernel = 1, .fan = kOut}, {}, kRelu6});
    x = layers.dropout("dropout", layers.pooled(x));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, headNamed("classifier/1"))});
    return net;
}

graph::Graph buildMobilenetV3Small(const DataShape& data, const ModelOptions& options) {
    constexpr BatchNorm kNorm{.epsilon = 0.001, .momentum = 0.99};
    constexpr Activation kSwish = &LayerBuilder::hardSwish;
    graph::Graph net;
    LayerBuilder layers(net, options);
    ValueId x = convolutionUnit(layers, "features/0", addInput(net, data), 16, {stem(data), kNorm, kSwish});
    int place = 0;
    for (const Row& row : kRows) {
        layers.enterBlock(fmt::format("features/{}", ++place));
        x = invertedResidual(layers, x, blockOf(row, kNorm));
    }
    layers.enterBlock("");
    x = convolutionUnit(layers, "features/12", x, 576, {{.kernel = 1, .fan = kOut}, kNorm, kSwish});
    x = layers.fullyConnected("classifier/0", layers.pooled(x), 1024, headNamed(""));
    x = layers.dropout("dropout", layers.hardSwish("classifier/1", x));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, headNamed("classifier/3"))});
    return net;
}

}  // namespace headroom::models
