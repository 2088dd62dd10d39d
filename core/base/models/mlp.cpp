// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {

graph::Graph buildMlp(const DataShape& data, const ModelOptions& options) {
    constexpr std::int64_t kWidth = 256;
    graph::Graph net;
    LayerBuilder layers(net, options);
    graph::ValueId x = addInput(net, data);
    if (data.kind == DataKind::Pictures) x = layers.node(graph::kFlatten, "flatten", {x});
    for (int k = 1; k <= 3; ++k) {
        x = layers.fullyConnected(fmt::format("fc{}", k), x, kWidth);
        x = layers.batchNorm(fmt::format("bn{}", k), x);
        x = layers.relu(fmt::format("relu{}", k), x);
        x = layers.dropout(fmt::format("dropout{}", k), x);
    }
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs)});
    return net;
}

}  // namespace headroom::models
