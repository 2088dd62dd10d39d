// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {

graph::Graph buildTabularResnet(const DataShape& data, const ModelOptions& options) {
    constexpr std::int64_t kWidth = 192, kHidden = 384;
    constexpr int kBlocks = 2;
    graph::Graph net;
    LayerBuilder layers(net, options);
    graph::ValueId x = addInput(net, data);
    if (data.kind == DataKind::Pictures) x = layers.node(graph::kFlatten, "flatten", {x});
    x = layers.fullyConnected("input_projection", x, kWidth);
    for (int k = 0; k < kBlocks; ++k) {
        layers.enterBlock(fmt::format("blocks/{}", k));
        graph::ValueId y = layers.fullyConnected("linear1", layers.batchNorm("normalization", x), kHidden);
        y = layers.dropout("dropout1", layers.relu("activation", y));
        x = layers.node(graph::kAdd, "add", {x, layers.fullyConnected("linear2", y, kWidth)});
    }
    layers.enterBlock("");
    x = layers.relu("output/activation", layers.batchNorm("output/normalization", x));
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, {.parameters = "output/linear"})});
    return net;
}

}  // namespace headroom::models
