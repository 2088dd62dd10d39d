// SPDX-License-Identifier: Apache-2.0
#include "base/models/inverted_residual.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/pooling.h"

namespace headroom::models {
namespace {

using graph::ValueId;

ValueId squeezeExcitation(LayerBuilder& layers, const std::string& path, ValueId x, const SqueezeExcitation& settings) {
    const Convolution point{.kernel = 1, .hasBias = true, .fan = Convolution::Fan::Out};
    ValueId scale = layers.node(graph::kGlobalAveragePool, path + "/avgpool", {x});
    scale = layers.convolution(path + "/fc1", scale, settings.maps, point);
    scale = (layers.*settings.activation)(path + "/activation", scale);
    scale = layers.convolution(path + "/fc2", scale, layers.extent(x, 1), point);
    graph::Attributes attributes;
    if (settings.gate == "HardSigmoid") attributes = {{"alpha", 1.0 / 6}, {"beta", 0.5}};
    scale = layers.node(settings.gate, path + "/scale_activation", {scale}, std::move(attributes));
    return layers.node("Mul", path, {x, scale});
}

}  // namespace

ValueId convolutionUnit(LayerBuilder& layers, const std::string& path, ValueId x, std::int64_t maps, const ConvolutionUnit& unit) {
    x = layers.convolution(path + "/0", x, maps, unit.convolution);
    x = layers.batchNorm(path + "/1", x, unit.norm);
    return unit.activation ? (layers.*unit.activation)(path + "/2", x) : x;
}

ValueId invertedResidual(LayerBuilder& layers, ValueId x, const InvertedResidual& block) {
    const ValueId came = x;
    const std::int64_t channels = layers.extent(x, 1);
    int place = 0;
    const auto next = [&] { return fmt::format("{}/{}", block.list, place++); };
    const Convolution point{.kernel = 1, .fan = Convolution::Fan::Out};
    if (block.expanded != channels) x = convolutionUnit(layers, next(), x, block.expanded, {point, block.norm, block.activation});
    const Convolution depthwise{.kernel = block.kernel, .stride = block.stride, .groups = block.expanded, .fan = Convolution::Fan::Out};
    x = convolutionUnit(layers, next(), x, block.expanded, {depthwise, block.norm, block.activation});
    if (block.squeeze.maps > 0) x = squeezeExcitation(layers, next(), x, block.squeeze);
    if (block.flatEnd) {
        x = layers.convolution(next(), x, block.maps, point);
        x = layers.batchNorm(next(), x, block.norm);
    } else {
        x = convolutionUnit(layers, next(), x, block.maps, {point, block.norm});
    }
    return block.stride == 1 && channels == block.maps ? layers.node(graph::kAdd, "add", {x, came}) : x;
}

bool isSmall(const DataShape& data) { return std::max(data.height, data.width) <= kSmallPicture; }

}  // namespace headroom::models
