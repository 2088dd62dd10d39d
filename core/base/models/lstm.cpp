// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "base/graph/ops/embedding.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {
namespace {

using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

constexpr std::int64_t kWidth = 256, kLayers = 2;

/// One layer over [sequence, batch, width], weights as ONNX has them: a leading 1, gates in the order input, output,
/// forget, cell (PyTorch's is input, forget, cell, output), biases of both products in one.
ValueId layer(LayerBuilder& layers, const std::string& name, ValueId x, std::int64_t hidden) {
    const Initializer uniform{Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(hidden))};
    const ValueId input = layers.parameter(name, "weight_ih", fixedShape({1, 4 * hidden, layers.lastExtent(x)}), uniform);
    const ValueId state = layers.parameter(name, "weight_hh", fixedShape({1, 4 * hidden, hidden}), uniform);
    const ValueId bias = layers.undecayed(name, "bias", fixedShape({1, 8 * hidden}), uniform);
    const ValueId all = layers.node("LSTM", name, {x, input, state, bias}, {{"hidden_size", hidden}});
    return layers.node("Squeeze", name + "_states", {all, layers.numbers("direction", {1})});
}

}  // namespace

graph::Graph buildLstm(const DataShape& data, const ModelOptions& options) {
    const std::int64_t width = options.width > 0 ? options.width : kWidth;
    const std::int64_t count = options.layers > 0 ? options.layers : kLayers;
    graph::Graph net;
    LayerBuilder layers(net, options);
    const ValueId table = layers.parameter("encoder", "weight", fixedShape({data.vocabulary, width}), {Initializer::Kind::Normal, 1});
    const ValueId tokens = addInput(net, data);
    ValueId x = layers.dropout("drop", layers.node(graph::kGather, "encoder", {table, tokens}, {{"axis", std::int64_t{0}}}));
    const graph::Attributes swapped{{"perm", std::vector<std::int64_t>{1, 0, 2}}};
    x = layers.node(graph::kTranspose, "sequence_first", {x}, swapped);
    for (std::int64_t k = 0; k < count; ++k) {
        layers.enterBlock(fmt::format("rnn/{}", k));
        x = layers.dropout("drop", layer(layers, "lstm", x, width));
    }
    layers.enterBlock("");
    x = layers.node(graph::kTranspose, "batch_first", {x}, swapped);
    x = layers.node(graph::kReshape, "rows", {x, layers.numbers("rows_of_tokens", {-1, width})});
    net.setOutputs({layers.fullyConnected("logits", x, data.vocabulary, {.parameters = "decoder"})});
    return net;
}

}  // namespace headroom::models
