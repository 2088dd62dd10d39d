// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"
#include "base/models/layers.h"

namespace headroom::models {
namespace {

using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

constexpr double kEpsilon = 1e-6;
constexpr std::int64_t kLayers = 12;
constexpr Initializer kWeights{Initializer::Kind::Normal, 0.02};
constexpr Initializer kToken{Initializer::Kind::Normal, 1e-6};

/// 49 to 64 tokens of small pictures, 196 at 224.
std::int64_t patchOf(const DataShape& data) {
    const std::int64_t side = std::max(data.height, data.width);
    return side <= 32 ? 4 : side <= 64 ? 8 : 16;
}

/// [batch, patches, width]; what is left over at the right and at the bottom is filled up with zeros.
ValueId embedPatches(LayerBuilder& layers, ValueId x, const DataShape& data, std::int64_t width) {
    const std::int64_t side = patchOf(data), fan = data.channels * side * side;
    const auto missing = [&](std::int64_t extent) { return (side - extent % side) % side; };
    const Initializer uniform{Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(fan))};  // as PyTorch's
    return layers.toTokens("tokens", layers.convolution("patch_embed/proj", x, width,
                                                        {.kernel = side, .stride = side, .hasBias = true,
                                                         .pads = {0, 0, missing(data.height), missing(data.width)},
                                                         .weights = uniform, .bias = uniform}));
}

/// A row of zeros in front of the patches, to which the class token is added with the positions: so the token is repeated
/// for every sample without an extent that is only known when a batch arrives.
ValueId embed(LayerBuilder& layers, ValueId patches) {
    const std::int64_t count = layers.extent(patches, 1), width = layers.extent(patches, 2);
    const ValueId token = layers.undecayed("cls_token", "", fixedShape({1, 1, width}), kToken);
    const ValueId positions = layers.undecayed("pos_embed", "", fixedShape({1, count + 1, width}), kWeights);
    const ValueId before = layers.numbers("one_row_before", {0, 1, 0, 0, 0, 0});
    const ValueId behind = layers.numbers("rows_behind", {0, 0, 0, 0, count, 0});
    const ValueId first = layers.node(graph::kAdd, "positions", {layers.node("Pad", "class_row", {token, behind}), positions});
    return layers.node(graph::kAdd, "embedded", {layers.node("Pad", "patch_rows", {patches, before}), first});
}

ValueId attention(LayerBuilder& layers, ValueId x, std::int64_t heads) {
    const std::int64_t width = layers.lastExtent(x);
    const auto parts = layers.split("attn/split", layers.linear("attn/qkv", x, 3 * width, kWeights), 2, 3);
    const ValueId mixed = layers.node(graph::kAttention, "attn", parts, {{"kv_num_heads", heads}, {"q_num_heads", heads}});
    return layers.linear("attn/proj", mixed, width, kWeights);
}

ValueId feedForward(LayerBuilder& layers, ValueId x) {
    const std::int64_t width = layers.lastExtent(x);
    const ValueId up = layers.node(graph::kGelu, "mlp/act", {layers.linear("mlp/fc1", x, 4 * width, kWeights)});
    return layers.linear("mlp/fc2", up, width, kWeights);
}

graph::Graph buildVit(const DataShape& data, const ModelOptions& options, std::int64_t width, std::int64_t heads) {
    graph::Graph net;
    LayerBuilder layers(net, options);
    ValueId x = layers.dropout("dropout", embed(layers, embedPatches(layers, addInput(net, data), data, width)));
    for (std::int64_t k = 0; k < kLayers; ++k) {
        layers.enterBlock(fmt::format("blocks/{}", k));
        const ValueId mixed = attention(layers, layers.layerNorm("norm1", x, kEpsilon), heads);
        x = layers.node(graph::kAdd, "add1", {x, layers.dropout("drop1", mixed)});
        const ValueId made = feedForward(layers, layers.layerNorm("norm2", x, kEpsilon));
        x = layers.node(graph::kAdd, "add2", {x, layers.dropout("drop2", made)});
    }
    layers.enterBlock("");
    // The class token's row alone goes on: a norm looks at one row at a time, so it may come after.
    const ValueId row = layers.node("Slice", "class_token", {x, layers.numbers("begin", {0}), layers.numbers("end", {1}), layers.numbers("rows", {1})});
    x = layers.layerNorm("norm", layers.node(graph::kFlatten, "flatten", {row}), kEpsilon);
    net.setOutputs({layers.fullyConnected("logits", x, data.outputs, {"head", kWeights, Initializer{}})});
    return net;
}

}  // namespace

graph::Graph buildVitTiny(const DataShape& data, const ModelOptions& options) { return buildVit(data, options, 192, 3); }
graph::Graph buildVitSmall(const DataShape& data, const ModelOptions& options) { return buildVit(data, options, 384, 6); }

}  // namespace headroom::models
