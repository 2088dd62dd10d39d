// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/elementwise.h"
#include "base/models/builders.h"
#include "base/models/inverted_residual.h"

namespace headroom::models {
namespace {

using graph::Initializer;
using graph::ValueId;

constexpr double kEpsilon = 1e-6;
constexpr Initializer kWeights{Initializer::Kind::Normal, 0.02};
constexpr Initializer kScale{Initializer::Kind::Constant, 1e-6};

struct Stage {
    std::int64_t maps, blocks;
};
constexpr auto kTiny = std::to_array<Stage>({{96, 3}, {192, 3}, {384, 9}, {768, 3}});

/// A norm over the channels of each pixel.
ValueId channelNorm(LayerBuilder& layers, const std::string& name, ValueId x) {
    const std::int64_t height = layers.extent(x, 2), width = layers.extent(x, 3);
    return layers.toPicture(name + "/picture", layers.layerNorm(name, layers.toTokens(name + "/tokens", x), kEpsilon), height, width);
}

/// Section 2 of the paper: depthwise 7x7, norm, two products a pixel, each channel scaled.
ValueId block(LayerBuilder& layers, ValueId came) {
    const std::int64_t maps = layers.extent(came, 1);
    ValueId x = layers.convolution("block/0", came, maps, {.kernel = 7, .groups = maps, .hasBias = true, .weights = kWeights});
    x = layers.layerNorm("block/2", layers.toTokens("block/1", x), kEpsilon);
    x = layers.node(graph::kGelu, "block/4", {layers.linear("block/3", x, 4 * maps, kWeights)});
    x = layers.toPicture("block/6", layers.linear("block/5", x, maps, kWeights), layers.extent(came, 2), layers.extent(came, 3));
    const ValueId scale = layers.undecayed("layer_scale", "", graph::fixedShape({maps, 1, 1}), kScale);
    return layers.node(graph::kAdd, "add", {layers.node("Mul", "scaled", {x, scale}), came});
}

/// Windows side by side.
Convolution patches(std::int64_t side) {
    return {.kernel = side, .stride = side, .hasBias = true, .pads = {0, 0, 0, 0}, .weights = kWeights};
}

}  // namespace

graph::Graph buildConvnextTiny(const DataShape& data, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    layers.enterBlock("features/0");
    ValueId x = layers.convolution("0", addInput(net, data), kTiny[0].maps, patches(isSmall(data) ? 2 : 4));
    x = channelNorm(layers, "1", x);
    for (std::size_t stage = 0; stage < kTiny.size(); ++stage) {
        if (stage > 0) {
            layers.enterBlock(fmt::format("features/{}", 2 * stage));
            x = channelNorm(layers, "0", x);
            x = layers.convolution("1", x, kTiny[stage].maps, patches(2));
        }
        for (std::int64_t k = 0; k < kTiny[stage].blocks; ++k) {
            layers.enterBlock(fmt::format("features/{}/{}", 2 * stage + 1, k));
            x = block(layers, x);
        }
    }
    layers.enterBlock("");
    x = layers.dropout("dropout", layers.layerNorm("classifier/0", layers.pooled(x), kEpsilon));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, {"classifier/2", kWeights, Initializer{}})});
    return net;
}

}  // namespace headroom::models
