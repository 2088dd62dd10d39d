// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {
namespace {

using graph::Dim;
using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

constexpr double kDeviation = 0.02;  // GPT-2

Initializer normal(double deviation) { return {Initializer::Kind::Normal, deviation}; }

/// x W + b over the last dimension, weights [in, out]: MatMul and Add, which training runs as one node.
ValueId linear(LayerBuilder& layers, const std::string& name, ValueId x, std::int64_t outputs, double deviation) {
    const std::int64_t inputs = layers.graph().value(x).type.shape.back().extent;
    const ValueId weight = layers.parameter(name, "weight", fixedShape({inputs, outputs}), normal(deviation));
    const ValueId bias = layers.parameter(name, "bias", fixedShape({outputs}), {Initializer::Kind::Zeros});
    return layers.node(graph::kAdd, name + "_bias", {layers.node(graph::kMatMul, name, {x, weight}), bias});
}

ValueId attention(LayerBuilder& layers, graph::Graph& net, ValueId x, const GptSize& size, double residualDeviation) {
    const ValueId qkv = linear(layers, "qkv", x, 3 * size.width, kDeviation);
    const std::string block = net.node(net.value(qkv).producer).block;
    const auto parts = net.addNode(graph::kSplit, block + "/split", {qkv},
                                   {{"axis", std::int64_t{2}}, {"num_outputs", std::int64_t{3}}}, block);
    const ValueId mixed =
        layers.node(graph::kAttention, "attention", parts,
                    {{"is_causal", std::int64_t{1}}, {"kv_num_heads", size.heads}, {"q_num_heads", size.heads}});
    return linear(layers, "proj", mixed, size.width, residualDeviation);
}

ValueId feedForward(LayerBuilder& layers, ValueId x, const GptSize& size, double residualDeviation) {
    const ValueId up = linear(layers, "up", x, 4 * size.width, kDeviation);
    return linear(layers, "down", layers.node(graph::kGelu, "gelu", {up}), size.width, residualDeviation);
}

ValueId addResidual(LayerBuilder& layers, const std::string& name, ValueId x, ValueId branch) {
    return layers.node(graph::kAdd, name, {x, layers.dropout(name + "_dropout", branch)});
}

}  // namespace

graph::Graph buildGpt(const DataShape& data, const GptSize& size, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    const ValueId tokens = net.addInput("tokens", {graph::DType::I64, {Dim::named("batch"), Dim::named("sequence")}});
    const ValueId table =
        layers.parameter("token", "weight", fixedShape({data.vocabulary, size.width}), normal(kDeviation));
    const ValueId places =
        layers.parameter("position", "weight", fixedShape({data.context, size.width}), normal(kDeviation));
    ValueId x = layers.node(graph::kGather, "token", {table, tokens}, {{"axis", std::int64_t{0}}});
    x = layers.dropout("dropout", layers.node(graph::kAddPositions, "position", {x, places}));
    // The branches that are added 2 * layers times start smaller by that root (GPT-2).
    const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(size.layers));
    for (std::int64_t k = 0; k < size.layers; ++k) {
        layers.enterBlock(fmt::format("block{}", k));
        x = addResidual(layers, "add1", x, attention(layers, net, layers.layerNorm("ln1", x), size, residual));
        x = addResidual(layers, "add2", x, feedForward(layers, layers.layerNorm("ln2", x), size, residual));
    }
    layers.enterBlock("");
    const ValueId shape = net.addConstant("rows", {-1, size.width});
    x = layers.node(graph::kReshape, "flat", {layers.layerNorm("norm", x), shape});
    net.setOutputs({layers.node(graph::kGemm, "logits", {x, table}, {{"transB", std::int64_t{1}}})});
    return net;
}

graph::Graph buildGptMini(const DataShape& data, const ModelOptions& options) { return buildGpt(data, {}, options); }

}  // namespace headroom::models
