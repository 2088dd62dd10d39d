// SPDX-License-Identifier: Apache-2.0
#include "base/graph/summary.h"

#include <map>
#include <set>

#include "base/graph/op_entry.h"

namespace headroom::graph {
namespace {

using nlohmann::json;

json valuesJson(const Graph& graph, const std::vector<ValueId>& ids) {
    json values = json::array();
    for (const ValueId id : ids) {
        const Value& value = graph.value(id);
        json shape = json::array();
        for (const Dim& dim : value.type.shape) dim.isFixed() ? shape.push_back(dim.extent) : shape.push_back(dim.name);
        values.push_back({{"name", value.name}, {"type", name(value.type.dtype)}, {"shape", shape}});
    }
    return values;
}

std::int64_t elements(const Graph& graph, const std::vector<ValueId>& values) {
    std::int64_t count = 0;
    for (const ValueId id : values) count += elementCount(resolved(graph.value(id).type.shape, {}));
    return count;
}

}  // namespace

json summaryOf(const Graph& graph) {
    std::map<std::string, std::int64_t> counts;
    std::set<std::string> closed;
    for (const Node& node : graph.nodes()) {
        ++counts[std::string(node.op->name)];
        if (!node.op->differentiable) closed.insert(std::string(node.op->name));
    }
    json operators = json::array();
    for (const auto& [op, count] : counts) operators.push_back({{"name", op}, {"count", count}});
    return {{"inputs", valuesJson(graph, graph.inputs())}, {"outputs", valuesJson(graph, graph.outputs())},
            {"nodes", graph.nodes().size()},               {"operators", operators},
            {"parameters", graph.parameterCount()},        {"buffers", elements(graph, graph.buffers())},
            {"without_gradient", closed}};
}

std::int64_t trainedCount(const Graph& graph) { return elements(graph, graph.trained()); }

}  // namespace headroom::graph
