// SPDX-License-Identifier: Apache-2.0
#include "base/models/layers.h"

#include <algorithm>
#include <cmath>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/regularization.h"

namespace headroom::models {

using graph::Attributes;
using graph::Dim;
using graph::DType;
using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

namespace {

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kBatchNormMomentum = 0.9;  // of ONNX: the share that the running value keeps

Initializer ones() { return {Initializer::Kind::Ones}; }
Initializer zeros() { return {Initializer::Kind::Zeros}; }
Attributes epsilon(double value) { return {{"epsilon", value}}; }

}  // namespace

std::string LayerBuilder::path(const std::string& name, char separator) const {
    if (m_block.empty()) return name;
    std::string prefix = m_block;
    std::ranges::replace(prefix, '/', separator);
    return prefix + separator + name;
}

std::int64_t LayerBuilder::extent(ValueId value, std::size_t dim) const {
    return m_graph.value(value).type.shape[dim].extent;
}

ValueId LayerBuilder::parameter(const std::string& layer, const std::string& part, graph::Shape shape,
                                Initializer initializer) {
    const bool isMatrix = shape.size() > 1;
    return m_graph.addParameter(path(layer, '.') + "." + part, {DType::F32, std::move(shape)}, initializer, isMatrix);
}

ValueId LayerBuilder::node(const graph::OpEntry& op, const std::string& name, std::vector<ValueId> inputs,
                           Attributes attributes) {
    return m_graph.addNode(op, path(name, '/'), std::move(inputs), std::move(attributes), m_block).front();
}

ValueId LayerBuilder::convolution(const std::string& name, ValueId x, std::int64_t maps, std::int64_t kernel,
                                  std::int64_t stride) {
    const std::int64_t channels = extent(x, 1);
    const Initializer initializer{Initializer::Kind::KaimingNormal, std::sqrt(2.0), channels * kernel * kernel};
    const ValueId weight = parameter(name, "weight", fixedShape({maps, channels, kernel, kernel}), initializer);
    const std::int64_t pad = kernel / 2;
    return node(graph::kConv, name, {x, weight},
                {{"kernel_shape", std::vector{kernel, kernel}},
                 {"pads", std::vector{pad, pad, pad, pad}},
                 {"strides", std::vector{stride, stride}}});
}

ValueId LayerBuilder::batchNorm(const std::string& name, ValueId x) {
    const graph::Shape shape = fixedShape({extent(x, 1)});
    const ValueId scale = parameter(name, "weight", shape, ones());
    const ValueId bias = parameter(name, "bias", shape, zeros());
    const ValueId mean = m_graph.addBuffer(path(name, '.') + ".running_mean", {DType::F32, shape}, zeros());
    const ValueId variance = m_graph.addBuffer(path(name, '.') + ".running_var", {DType::F32, shape}, ones());
    Attributes attributes = epsilon(kBatchNormEpsilon);
    attributes.emplace("momentum", kBatchNormMomentum);
    return node(graph::kBatchNormalization, name, {x, scale, bias, mean, variance}, std::move(attributes));
}

ValueId LayerBuilder::layerNorm(const std::string& name, ValueId x) {
    const graph::Shape shape{m_graph.value(x).type.shape.back()};
    const ValueId scale = parameter(name, "weight", shape, ones());
    const ValueId bias = parameter(name, "bias", shape, zeros());
    Attributes attributes = epsilon(1e-5);
    attributes.emplace("axis", std::int64_t{-1});
    return node(graph::kLayerNormalization, name, {x, scale, bias}, std::move(attributes));
}

ValueId LayerBuilder::relu(const std::string& name, ValueId x) { return node(graph::kRelu, name, {x}); }

ValueId LayerBuilder::maxPool(const std::string& name, ValueId x) {
    const std::vector<std::int64_t> two{2, 2};
    return node(graph::kMaxPool, name, {x}, {{"kernel_shape", two}, {"strides", two}});
}

ValueId LayerBuilder::fullyConnected(const std::string& name, ValueId x, std::int64_t outputs) {
    const std::int64_t inputs = extent(x, 1);
    const Initializer initializer{Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(inputs)), inputs};
    const ValueId weight = parameter(name, "weight", fixedShape({outputs, inputs}), initializer);
    const ValueId bias = parameter(name, "bias", fixedShape({outputs}), initializer);
    return node(graph::kGemm, name, {x, weight, bias}, {{"transB", std::int64_t{1}}});
}

ValueId LayerBuilder::dropout(const std::string& name, ValueId x) {
    return m_options.dropout > 0 ? node(graph::kDropout, name, {x}, {{"ratio", m_options.dropout}}) : x;
}

}  // namespace headroom::models
