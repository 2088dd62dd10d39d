// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {
namespace {

using graph::ValueId;

ValueId shortCut(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    if (layers.graph().value(x).type.shape[1] == graph::Dim::fixed(maps) && stride == 1) return x;
    return layers.batchNorm("short_bn", layers.convolution("short", x, maps, 1, stride));
}

ValueId basicBlock(LayerBuilder& layers, ValueId x, std::int64_t maps, std::int64_t stride) {
    ValueId y = layers.convolution("conv1", x, maps, 3, stride);
    y = layers.relu("relu1", layers.batchNorm("bn1", y));
    y = layers.batchNorm("bn2", layers.convolution("conv2", y, maps));
    const ValueId sum = layers.node(graph::kAdd, "add", {y, shortCut(layers, x, maps, stride)});
    return layers.relu("relu2", sum);
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
            x = basicBlock(layers, x, std::int64_t{8} << stage, stage > 1 && block == 0 ? 2 : 1);
        }
    }
    layers.enterBlock("");
    x = layers.node(graph::kGlobalAveragePool, "pool", {x});
    x = layers.dropout("dropout", layers.node(graph::kFlatten, "flatten", {x}));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs)});
    return net;
}

}  // namespace headroom::models
