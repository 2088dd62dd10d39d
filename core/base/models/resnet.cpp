// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/graph/ops/elementwise.h"
#include "base/models/builders.h"
#include "base/models/inverted_residual.h"

namespace headroom::models {
namespace {

using graph::ValueId;
using enum Convolution::Fan;

bool keepsShape(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    return layers.extent(x, 1) == maps && stride == 1;
}

ValueId addAndRelu(LayerBuilder& layers, const std::string& name, ValueId branch, ValueId x) {
    return layers.relu(name, layers.node(graph::kAdd, "add", {branch, x}));
}

/// Of the net for small pictures; its weights start by what comes in.
ValueId smallBlock(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    ValueId y = layers.convolution("conv1", x, maps, {.stride = stride});
    y = layers.relu("relu1", layers.batchNorm("bn1", y));
    y = layers.batchNorm("bn2", layers.convolution("conv2", y, maps));
    if (!keepsShape(layers, x, maps, stride))
        x = layers.batchNorm("short_bn", layers.convolution("short", x, maps, {.kernel = 1, .stride = stride}));
    return addAndRelu(layers, "relu2", y, x);
}

ValueId shortCut(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    if (keepsShape(layers, x, maps, stride)) return x;
    x = layers.convolution("downsample/0", x, maps, {.kernel = 1, .stride = stride, .fan = Out});
    return layers.batchNorm("downsample/1", x);
}

/// Two 3x3 convolutions.
ValueId basicBlock(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    ValueId y = layers.convolution("conv1", x, maps, {.stride = stride, .fan = Out});
    y = layers.relu("relu1", layers.batchNorm("bn1", y));
    y = layers.batchNorm("bn2", layers.convolution("conv2", y, maps, {.fan = Out}));
    return addAndRelu(layers, "relu2", y, shortCut(layers, x, maps, stride));
}

/// 1x1 to a quarter of the maps, 3x3 with the stride (as torchvision has it; the paper's is in the first), 1x1.
ValueId bottleneck(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    ValueId y = layers.convolution("conv1", x, maps / 4, {.kernel = 1, .fan = Out});
    y = layers.relu("relu1", layers.batchNorm("bn1", y));
    y = layers.convolution("conv2", y, maps / 4, {.stride = stride, .fan = Out});
    y = layers.relu("relu2", layers.batchNorm("bn2", y));
    y = layers.batchNorm("bn3", layers.convolution("conv3", y, maps, {.kernel = 1, .fan = Out}));
    return addAndRelu(layers, "relu3", y, shortCut(layers, x, maps, stride));
}

/// Table 1 of the paper.
struct Depth {
    std::array<int, 4> blocks;
    ValueId (*block)(LayerBuilder&, ValueId, std::int64_t, std::int64_t);
    std::int64_t maps;  ///< of the first stage
};

/// 7x7 with stride 2 and a pool, or, for small pictures, 3x3 alone.
ValueId stem(LayerBuilder& layers, ValueId x, bool small) {
    const Convolution wide{.kernel = 7, .stride = 2, .fan = Out}, narrow{.fan = Out};
    x = layers.convolution("conv1", x, 64, small ? narrow : wide);
    x = layers.relu("relu", layers.batchNorm("bn1", x));
    return small ? x : layers.maxPool("maxpool", x, 3, 2);
}

graph::Graph buildResnet(const DataShape& data, const ModelOptions& options, const Depth& depth) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    ValueId x = stem(layers, addInput(net, data), isSmall(data));
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < depth.blocks[static_cast<std::size_t>(stage)]; ++block) {
            layers.enterBlock(fmt::format("layer{}/{}", stage + 1, block));
            x = depth.block(layers, x, depth.maps << stage, stage > 0 && block == 0 ? 2 : 1);
        }
    layers.enterBlock("");
    x = layers.dropout("dropout", layers.pooled(x));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, {.parameters = "fc"})});
    return net;
}

}  // namespace

graph::Graph buildResnet20(const DataShape& data, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    ValueId x = layers.convolution("conv1", addInput(net, data), 16);
    x = layers.relu("relu1", layers.batchNorm("bn1", x));
    for (int stage = 1; stage <= 3; ++stage) {
        for (int block = 0; block < 3; ++block) {
            layers.enterBlock(fmt::format("layer{}/{}", stage, block));
            x = smallBlock(layers, x, std::int64_t{8} << stage, stage > 1 && block == 0 ? 2 : 1);
        }
    }
    layers.enterBlock("");
    x = layers.dropout("dropout", layers.pooled(x));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs)});
    return net;
}

graph::Graph buildResnet18(const DataShape& data, const ModelOptions& options) {
    return buildResnet(data, options, {{2, 2, 2, 2}, basicBlock, 64});
}
graph::Graph buildResnet34(const DataShape& data, const ModelOptions& options) {
    return buildResnet(data, options, {{3, 4, 6, 3}, basicBlock, 64});
}
graph::Graph buildResnet50(const DataShape& data, const ModelOptions& options) {
    return buildResnet(data, options, {{3, 4, 6, 3}, bottleneck, 256});
}

}  // namespace headroom::models
