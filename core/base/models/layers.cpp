// SPDX-License-Identifier: Apache-2.0
#include "base/models/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/ops/shape.h"

namespace headroom::models {

using graph::Attributes;
using graph::Dim;
using graph::DType;
using graph::fixedShape;
using graph::Initializer;
using graph::ValueId;

namespace {

Initializer ones() { return {Initializer::Kind::Ones}; }
Initializer zeros() { return {Initializer::Kind::Zeros}; }
Attributes epsilon(double value) { return {{"epsilon", value}}; }
/// As PyTorch fills a layer that nobody initialises.
Initializer uniformOver(std::int64_t fan) {
    return {Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(fan)), fan};
}

}  // namespace

std::string LayerBuilder::path(const std::string& name, char separator) const {
    std::string whole = m_block.empty() ? name : m_block + '/' + name;
    std::ranges::replace(whole, '/', separator);
    return whole;
}

std::int64_t LayerBuilder::extent(ValueId value, std::size_t dim) const {
    return m_graph.value(value).type.shape[dim].extent;
}

ValueId LayerBuilder::parameter(const std::string& layer, const std::string& part, graph::Shape shape,
                                Initializer initializer) {
    const bool isMatrix = shape.size() > 1;
    const std::string name = path(layer, '.') + (part.empty() ? "" : "." + part);
    return m_graph.addParameter(name, {DType::F32, std::move(shape)}, initializer, isMatrix);
}

ValueId LayerBuilder::undecayed(const std::string& layer, const std::string& part, graph::Shape shape,
                                Initializer initializer) {
    const ValueId id = parameter(layer, part, std::move(shape), initializer);
    m_graph.value(id).weightDecay = false;
    return id;
}

ValueId LayerBuilder::number(const std::string& name, double value) {
    const ValueId known = m_graph.find(name);
    return known != graph::kNone ? known : m_graph.addConstant(name, {DType::F32, {}}, {}, {value});
}

ValueId LayerBuilder::numbers(const std::string& name, std::vector<std::int64_t> content) {
    const ValueId known = m_graph.find(name);
    return known != graph::kNone ? known : m_graph.addConstant(name, std::move(content));
}

ValueId LayerBuilder::node(const graph::OpEntry& op, const std::string& name, std::vector<ValueId> inputs,
                           Attributes attributes) {
    return m_graph.addNode(op, path(name, '/'), std::move(inputs), std::move(attributes), m_block).front();
}

ValueId LayerBuilder::node(std::string_view op, const std::string& name, std::vector<ValueId> inputs,
                           Attributes attributes) {
    const graph::OpEntry* entry = graph::findOp(op);
    assert(entry && "no such operator");
    return node(*entry, name, std::move(inputs), std::move(attributes));
}

std::vector<ValueId> LayerBuilder::split(const std::string& name, ValueId x, std::int64_t axis, std::int64_t parts) {
    return m_graph.addNode(graph::kSplit, path(name, '/'), {x}, {{"axis", axis}, {"num_outputs", parts}}, m_block);
}

ValueId LayerBuilder::convolution(const std::string& name, ValueId x, std::int64_t maps, const Convolution& settings) {
    const std::int64_t channels = extent(x, 1) / settings.groups, kernel = settings.kernel, pad = kernel / 2;
    const std::int64_t fan = (settings.fan == Convolution::Fan::In ? channels : maps) * kernel * kernel;
    const Initializer kaiming{Initializer::Kind::KaimingNormal, std::sqrt(2.0), fan};
    const std::string& layer = settings.parameters.empty() ? name : settings.parameters;
    std::vector<ValueId> inputs{x, parameter(layer, "weight", fixedShape({maps, channels, kernel, kernel}),
                                             settings.weights.value_or(kaiming))};
    if (settings.hasBias) inputs.push_back(parameter(layer, "bias", fixedShape({maps}), settings.bias));
    Attributes attributes{{"kernel_shape", std::vector{kernel, kernel}},
                          {"pads", settings.pads.empty() ? std::vector{pad, pad, pad, pad} : settings.pads},
                          {"strides", std::vector{settings.stride, settings.stride}}};
    if (settings.groups != 1) attributes.emplace("group", settings.groups);
    return node(graph::kConv, name, std::move(inputs), std::move(attributes));
}

ValueId LayerBuilder::batchNorm(const std::string& name, ValueId x, const BatchNorm& settings) {
    const graph::Shape shape = fixedShape({extent(x, 1)});
    const ValueId scale = parameter(name, "weight", shape, ones());
    const ValueId bias = parameter(name, "bias", shape, zeros());
    const ValueId mean = m_graph.addBuffer(path(name, '.') + ".running_mean", {DType::F32, shape}, zeros());
    const ValueId variance = m_graph.addBuffer(path(name, '.') + ".running_var", {DType::F32, shape}, ones());
    Attributes attributes = epsilon(settings.epsilon);
    attributes.emplace("momentum", settings.momentum);
    return node(graph::kBatchNormalization, name, {x, scale, bias, mean, variance}, std::move(attributes));
}

ValueId LayerBuilder::layerNorm(const std::string& name, ValueId x, double epsilonValue) {
    const graph::Shape shape{m_graph.value(x).type.shape.back()};
    const ValueId scale = parameter(name, "weight", shape, ones());
    const ValueId bias = parameter(name, "bias", shape, zeros());
    Attributes attributes = epsilon(epsilonValue);
    attributes.emplace("axis", std::int64_t{-1});
    return node(graph::kLayerNormalization, name, {x, scale, bias}, std::move(attributes));
}

ValueId LayerBuilder::relu(const std::string& name, ValueId x) { return node(graph::kRelu, name, {x}); }

ValueId LayerBuilder::relu6(const std::string& name, ValueId x) {
    return node("Clip", name, {x, number("zero", 0), number("six", 6)});
}

ValueId LayerBuilder::hardSwish(const std::string& name, ValueId x) { return node("HardSwish", name, {x}); }

ValueId LayerBuilder::silu(const std::string& name, ValueId x) {
    return node("Mul", name, {x, node("Sigmoid", name + "_gate", {x})});
}

ValueId LayerBuilder::maxPool(const std::string& name, ValueId x, std::int64_t kernel, std::int64_t stride) {
    Attributes attributes{{"kernel_shape", std::vector{kernel, kernel}}, {"strides", std::vector{stride, stride}}};
    if (const std::int64_t pad = (kernel - 1) / 2; pad > 0) attributes.emplace("pads", std::vector{pad, pad, pad, pad});
    return node(graph::kMaxPool, name, {x}, std::move(attributes));
}

ValueId LayerBuilder::pooled(ValueId x) {
    return node(graph::kFlatten, "flatten", {node(graph::kGlobalAveragePool, "pool", {x})});
}

ValueId LayerBuilder::fullyConnected(const std::string& name, ValueId x, std::int64_t outputs, const FullyConnected& settings) {
    const std::int64_t inputs = extent(x, 1);
    const std::string& layer = settings.parameters.empty() ? name : settings.parameters;
    const ValueId weight = parameter(layer, "weight", fixedShape({outputs, inputs}), settings.weights.value_or(uniformOver(inputs)));
    const ValueId bias = parameter(layer, "bias", fixedShape({outputs}), settings.bias.value_or(uniformOver(inputs)));
    return node(graph::kGemm, name, {x, weight, bias}, {{"transB", std::int64_t{1}}});
}

ValueId LayerBuilder::linear(const std::string& name, ValueId x, std::int64_t outputs, Initializer weights, Initializer biasStart) {
    const ValueId weight = parameter(name, "weight", fixedShape({lastExtent(x), outputs}), weights);
    const ValueId bias = parameter(name, "bias", fixedShape({outputs}), biasStart);
    return node(graph::kAdd, name + "_bias", {node(graph::kMatMul, name, {x, weight}), bias});
}

ValueId LayerBuilder::toTokens(const std::string& name, ValueId x) {
    const ValueId rows = numbers("pixels_in_a_row", {0, 0, -1});
    const ValueId flat = node(graph::kReshape, name + "_flat", {x, rows});
    return node(graph::kTranspose, name, {flat}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
}

ValueId LayerBuilder::toPicture(const std::string& name, ValueId x, std::int64_t height, std::int64_t width) {
    const ValueId turned = node(graph::kTranspose, name + "_turned", {x}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
    const ValueId shape = numbers(fmt::format("picture_{}x{}", height, width), {0, 0, height, width});
    return node(graph::kReshape, name, {turned, shape});
}

ValueId LayerBuilder::dropout(const std::string& name, ValueId x) {
    return m_options.dropout > 0 ? node(graph::kDropout, name, {x}, {{"ratio", m_options.dropout}}) : x;
}

}  // namespace headroom::models
