// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_summary.h"

#include <map>
#include <set>

#include "base/graph/op_entry.h"

namespace headroom::formats {
namespace {

using nlohmann::json;

json valueJson(const graph::Graph& graph, graph::ValueId id, const std::string& name) {
    const graph::TensorType& type = graph.value(id).type;
    json shape = json::array();
    for (const graph::Dim& dim : type.shape) dim.isFixed() ? shape.push_back(dim.extent) : shape.push_back(dim.name);
    return {{"name", name}, {"type", graph::name(type.dtype)}, {"shape", shape}};
}

std::int64_t elements(const graph::Graph& graph, const std::vector<graph::ValueId>& values) {
    std::int64_t count = 0;
    for (const graph::ValueId id : values) count += graph::elementCount(graph::resolved(graph.value(id).type.shape, {}));
    return count;
}

}  // namespace

json summaryOf(const OnnxModel& model) {
    const graph::Graph& graph = model.graph;
    std::map<std::string, std::int64_t> counts;
    std::set<std::string> closed;
    for (const graph::Node& node : graph.nodes()) {
        ++counts[std::string(node.op->name)];
        if (!node.op->differentiable) closed.insert(std::string(node.op->name));
    }
    json operators = json::array(), inputs = json::array(), outputs = json::array();
    for (const auto& [name, count] : counts) operators.push_back({{"name", name}, {"count", count}});
    for (const graph::ValueId id : graph.inputs()) inputs.push_back(valueJson(graph, id, graph.value(id).name));
    for (std::size_t k = 0; k < graph.outputs().size(); ++k) outputs.push_back(valueJson(graph, graph.outputs()[k], model.outputs[k]));
    std::size_t bytes = 0;
    for (const graph::HostTensor& weight : model.weights) bytes += weight.data.size();
    return {{"format", "onnx"},
            {"opset", model.opset},
            {"producer", model.producer},
            {"inputs", inputs},
            {"outputs", outputs},
            {"nodes", graph.nodes().size()},
            {"operators", operators},
            {"parameters", graph.parameterCount()},
            {"buffers", elements(graph, graph.buffers())},
            {"weights_bytes", bytes},
            {"batch_freed", model.batchFreed},
            {"without_gradient", closed},
            {"metadata", model.metadata}};
}

}  // namespace headroom::formats
