// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {
namespace {

using graph::ValueId;

constexpr std::int64_t kWidth = 16;  // a quarter of the paper's
constexpr int kDepth = 4;

/// Twice a 3x3 convolution with norm and ReLU.
ValueId doubleConvolution(LayerBuilder& layers, const std::string& path, ValueId x, std::int64_t maps) {
    for (const int place : {0, 3}) {
        x = layers.convolution(fmt::format("{}/{}", path, place), x, maps);
        x = layers.batchNorm(fmt::format("{}/{}", path, place + 1), x);
        x = layers.relu(fmt::format("{}/{}", path, place + 2), x);
    }
    return x;
}

/// To the extents of `other`, twice as many or one more: a transposed convolution of 2x2, whose last row and column
/// are repeated past the even ones by nothing but their bias.
ValueId enlarge(LayerBuilder& layers, ValueId x, ValueId other) {
    const std::int64_t channels = layers.extent(x, 1), maps = channels / 2;
    const auto more = [&](std::size_t dim) { return layers.extent(other, dim) - 2 * layers.extent(x, dim); };
    const graph::Initializer kaiming{graph::Initializer::Kind::KaimingNormal, 1, channels};
    const ValueId weight = layers.parameter("up", "weight", graph::fixedShape({channels, maps, 2, 2}), kaiming);
    const ValueId bias = layers.parameter("up", "bias", graph::fixedShape({maps}), {});
    return layers.node("ConvTranspose", "up", {x, weight, bias},
                       {{"kernel_shape", std::vector<std::int64_t>{2, 2}},
                        {"output_padding", std::vector{more(2), more(3)}},
                        {"strides", std::vector<std::int64_t>{2, 2}}});
}

}  // namespace

graph::Graph buildUnetSmall(const DataShape& data, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    layers.enterBlock("inc");
    std::vector<ValueId> levels{doubleConvolution(layers, "double_conv", addInput(net, data), kWidth)};
    for (int level = 1; level <= kDepth; ++level) {
        layers.enterBlock(fmt::format("down{}", level));
        const ValueId pooled = layers.maxPool("maxpool_conv/0", levels.back());
        levels.push_back(doubleConvolution(layers, "maxpool_conv/1/double_conv", pooled, kWidth << level));
    }
    ValueId x = layers.dropout("dropout", levels.back());
    for (int level = kDepth - 1; level >= 0; --level) {
        layers.enterBlock(fmt::format("up{}", kDepth - level));
        const ValueId beside = levels[static_cast<std::size_t>(level)];
        x = layers.node("Concat", "concat", {beside, enlarge(layers, x, beside)}, {{"axis", std::int64_t{1}}});
        x = doubleConvolution(layers, "conv/double_conv", x, kWidth << level);
    }
    layers.enterBlock("");
    net.setOutputs({layers.convolution("logits", x, data.outputs, {.kernel = 1, .hasBias = true, .parameters = "outc/conv"})});
    return net;
}

}  // namespace headroom::models
