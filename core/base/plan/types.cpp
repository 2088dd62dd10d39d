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
using graph::Value;
using graph::ValueKind;

namespace {

bool isKeep(const Node& node) { return node.op->precision == PrecisionClass::Keep; }

/// By ValueId: whether a node reads it that does not keep fp32.
std::vector<bool> readInLowPrecision(const Graph& graph) {
    std::vector<bool> read(graph.values().size(), false);
    for (const Node& node : graph.nodes())
        for (const graph::ValueId id : node.inputs)
            if (id != kNone && !isKeep(node)) read[static_cast<std::size_t>(id)] = true;
    return read;
}

bool isLowered(const Graph& graph, const Value& value, bool isReadLow) {
    if (value.type.dtype != DType::F32) return false;
    if (value.kind == ValueKind::Input) return isReadLow;
    return value.kind == ValueKind::Activation && !isKeep(graph.node(value.producer));
}

}  // namespace

std::vector<DType> elementTypes(const Graph& graph, Precision precision) {
    const std::vector<bool> readLow = readInLowPrecision(graph);
    std::vector<DType> types;
    types.reserve(graph.values().size());
    for (std::size_t i = 0; i < graph.values().size(); ++i) {
        const Value& value = graph.values()[i];
        const bool low = precision == Precision::Bf16 && isLowered(graph, value, readLow[i]);
        types.push_back(low ? DType::BF16 : value.type.dtype);
    }
    return types;
}

bool needsCast(const Node& node, DType type, Precision precision) {
    return precision == Precision::Bf16 && node.op->precision == PrecisionClass::Lower && type == DType::F32;
}

ResolvedNode resolvedNode(const Graph& graph, const Node& node, const graph::Extents& extents,
                          const std::vector<DType>& types, Precision precision) {
    ResolvedNode resolved{node, {}, {}};
    resolved.inputs.reserve(node.inputs.size());
    for (const graph::ValueId id : node.inputs) {
        if (id == kNone || graph.value(id).kind == ValueKind::Constant) {
            resolved.inputs.push_back({DType::I64, {0}});
            continue;
        }
        const DType type = types[static_cast<std::size_t>(id)];
        resolved.inputs.push_back({needsCast(node, type, precision) ? DType::BF16 : type,
                                   graph::resolved(graph.value(id).type.shape, extents)});
    }
    for (const graph::ValueId id : node.outputs)
        resolved.outputs.push_back(
            {types[static_cast<std::size_t>(id)], graph::resolved(graph.value(id).type.shape, extents)});
    return resolved;
}

}  // namespace headroom::plan
