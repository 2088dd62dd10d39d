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

using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

constexpr double kDeviation = 0.02;  // GPT-2

Initializer normal(double deviation) { return {Initializer::Kind::Normal, deviation}; }

ValueId attention(LayerBuilder& layers, ValueId x, const GptSize& size, double residualDeviation) {
    const ValueId qkv = layers.linear("attn/c_attn", x, 3 * size.width, normal(kDeviation));
    const ValueId mixed =
        layers.node(graph::kAttention, "attn", layers.split("attn/split", qkv, 2, 3),
                    {{"is_causal", std::int64_t{1}}, {"kv_num_heads", size.heads}, {"q_num_heads", size.heads}});
    return layers.linear("attn/c_proj", mixed, size.width, normal(residualDeviation));
}

ValueId feedForward(LayerBuilder& layers, ValueId x, const GptSize& size, double residualDeviation) {
    const ValueId up = layers.linear("mlp/c_fc", x, 4 * size.width, normal(kDeviation));
    graph::Attributes form;
    if (size.gelu != "none") form.emplace("approximate", std::string(size.gelu));
    const ValueId active = layers.node(graph::kGelu, "mlp/act", {up}, std::move(form));
    return layers.linear("mlp/c_proj", active, size.width, normal(residualDeviation));
}

ValueId addResidual(LayerBuilder& layers, const std::string& name, ValueId x, ValueId branch) {
    return layers.node(graph::kAdd, name, {x, layers.dropout(name + "_dropout", branch)});
}

}  // namespace

graph::Graph buildGpt(const DataShape& data, const GptSize& size, const ModelOptions& options) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    const ValueId tokens = addInput(net, data);
    const ValueId table = layers.parameter("wte", "weight", fixedShape({data.vocabulary, size.width}), normal(kDeviation));
    const ValueId places = layers.parameter("wpe", "weight", fixedShape({data.context, size.width}), normal(kDeviation));
    ValueId x = layers.node(graph::kGather, "wte", {table, tokens}, {{"axis", std::int64_t{0}}});
    x = layers.dropout("drop", layers.node(graph::kAddPositions, "wpe", {x, places}));
    // The branches that are added 2 * layers times start smaller by that root (GPT-2).
    const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(size.layers));
    for (std::int64_t k = 0; k < size.layers; ++k) {
        layers.enterBlock(fmt::format("h/{}", k));
        x = addResidual(layers, "add1", x, attention(layers, layers.layerNorm("ln_1", x), size, residual));
        x = addResidual(layers, "add2", x, feedForward(layers, layers.layerNorm("ln_2", x), size, residual));
    }
    layers.enterBlock("");
    x = layers.node(graph::kReshape, "rows", {layers.layerNorm("ln_f", x), layers.numbers("rows_of_tokens", {-1, size.width})});
    net.setOutputs({layers.node(graph::kGemm, "logits", {x, table}, {{"transB", std::int64_t{1}}})});
    return net;
}

graph::Graph buildGptMini(const DataShape& data, const ModelOptions& options) { return buildGpt(data, GptSize{}, options); }

graph::Graph buildGpt(const DataShape& data, const ModelOptions& options) {
    GptSize size = kGpt2;
    if (options.layers > 0) size.layers = options.layers;
    if (options.width > 0) size.width = options.width;
    if (options.heads > 0) size.heads = options.heads;
    return buildGpt(data, size, options);
}

}  // namespace headroom::models
