// SPDX-License-Identifier: Apache-2.0
#include "base/plan/types.h"

#include <algorithm>

namespace headroom::plan {

using graph::DType;
using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::PrecisionClass;
using graph::ResolvedNode;
using graph::ResolvedTensor;
using graph::Value;
using graph::ValueKind;

namespace {

bool isKeep(const Node& node) { return node.op->precision == PrecisionClass::Keep; }
bool makesFp32(const Node& node) { return isKeep(node) || node.op->keepsOutputs; }

/// By ValueId: whether a node reads it that does not keep fp32.
std::vector<bool> readInLowPrecision(const Graph& graph) {
    std::vector<bool> read(graph.values().size(), false);
    for (const Node& node : graph.nodes())
        for (const graph::ValueId id : node.inputs)
            if (id != kNone && !isKeep(node)) read[static_cast<std::size_t>(id)] = true;
    return read;
}

/// By ValueId: whether it has one reader, which computes in low precision.
std::vector<bool> readByOneProduct(const Graph& graph) {
    std::vector<int> readers(graph.values().size(), 0);
    std::vector<bool> isProduct(graph.values().size(), false);
    for (const Node& node : graph.nodes())
        for (const graph::ValueId id : node.inputs)
            if (id != kNone) {
                ++readers[static_cast<std::size_t>(id)];
                isProduct[static_cast<std::size_t>(id)] = node.op->precision == PrecisionClass::Lower;
            }
    for (std::size_t i = 0; i < readers.size(); ++i) isProduct[i] = isProduct[i] && readers[i] == 1;
    return isProduct;
}

bool isLowered(const Graph& graph, const Value& value, bool isReadLow, bool isLowParameter) {
    if (value.type.dtype != DType::F32) return false;
    if (value.kind == ValueKind::Input) return isReadLow;
    if (value.kind == ValueKind::Parameter) return isLowParameter;
    return value.kind == ValueKind::Activation && !makesFp32(graph.node(value.producer));
}

}  // namespace

std::vector<DType> elementTypes(const Graph& graph, Precision precision) {
    const std::vector<bool> readLow = readInLowPrecision(graph);
    const std::vector<bool> lowParameters = readByOneProduct(graph);
    const bool lowWeights = precision == Precision::Bf16Weights;
    std::vector<DType> types;
    types.reserve(graph.values().size());
    for (std::size_t i = 0; i < graph.values().size(); ++i) {
        const Value& value = graph.values()[i];
        const bool low = precision != Precision::Fp32 && isLowered(graph, value, readLow[i], lowWeights && lowParameters[i]);
        types.push_back(low ? DType::BF16 : value.type.dtype);
    }
    return types;
}

bool needsCast(const Node& node, DType type, Precision precision) {
    return precision != Precision::Fp32 && node.op->precision == PrecisionClass::Lower && type == DType::F32;
}

std::vector<ResolvedTensor> resolvedValues(const Graph& graph, const graph::Extents& extents, Precision precision) {
    const std::vector<DType> types = elementTypes(graph, precision);
    std::vector<ResolvedTensor> values;
    values.reserve(types.size());
    for (std::size_t i = 0; i < types.size(); ++i) {
        const Value& value = graph.values()[i];
        if (value.kind == ValueKind::Constant)
            values.push_back({DType::I64, {0}});
        else
            values.push_back({types[i], graph::resolved(value.type.shape, extents)});
    }
    return values;
}

ResolvedNode resolvedNode(const Node& node, const std::vector<ResolvedTensor>& values, Precision precision) {
    ResolvedNode resolved{node, {}, {}};
    resolved.inputs.reserve(node.inputs.size());
    for (const graph::ValueId id : node.inputs) {
        if (id == kNone) {
            resolved.inputs.push_back({DType::I64, {0}});
            continue;
        }
        resolved.inputs.push_back(values[static_cast<std::size_t>(id)]);
        if (needsCast(node, resolved.inputs.back().dtype, precision)) resolved.inputs.back().dtype = DType::BF16;
    }
    for (const graph::ValueId id : node.outputs) resolved.outputs.push_back(values[static_cast<std::size_t>(id)]);
    return resolved;
}

}  // namespace headroom::plan
