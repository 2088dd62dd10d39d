// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {

graph::Graph buildCnn(const DataShape& data, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    graph::ValueId x = addInput(net, data);
    int k = 0;
    for (const std::int64_t maps : {32, 32, 64, 64}) {
        ++k;
        x = layers.convolution(fmt::format("conv{}", k), x, maps);
        x = layers.batchNorm(fmt::format("bn{}", k), x);
        x = layers.relu(fmt::format("relu{}", k), x);
        if (k % 2 == 0) x = layers.maxPool(fmt::format("pool{}", k / 2), x);
    }
    x = layers.node(graph::kFlatten, "flatten", {x});
    x = layers.relu("relu5", layers.fullyConnected("fc1", x, 128));
    x = layers.dropout("dropout", x);
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs)});
    return net;
}

}  // namespace headroom::models
