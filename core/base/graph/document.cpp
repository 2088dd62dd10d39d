// SPDX-License-Identifier: Apache-2.0
#include "base/graph/document.h"

#include <fmt/format.h>

#include <cmath>

#include "base/graph/document_words.h"
#include "base/graph/op_entry.h"
#include "base/json/utf8.h"

namespace headroom::graph {
namespace {

using nlohmann::json;

/// JSON holds UTF-8 only; a foreign file's names may be any bytes.
json written(const std::string& text) {
    if (!findInvalidUtf8(text)) return text;
    std::string hex;
    for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return {{"hex", hex}};
}

json written(std::int64_t number) { return number; }
json written(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    return number;
}
template <typename T>
json written(const std::vector<T>& list) {
    json array = json::array();
    for (const T& each : list) array.push_back(written(each));
    return array;
}

json written(const TensorType& type) {
    json shape = json::array();
    for (const Dim& dim : type.shape) shape.push_back(dim.isFixed() ? json(dim.extent) : written(dim.name));
    return {{"dtype", name(type.dtype)}, {"shape", std::move(shape)}};
}

json written(const Initializer& initializer) {
    return {{"kind", kInitializerWords[static_cast<std::size_t>(initializer.kind)]}, {"scale", written(initializer.scale)}, {"fan_in", initializer.fanIn}};
}

json valueJson(const Value& value, ValueId id) {
    json document{{"id", id}, {"name", written(value.name)}, {"kind", kValueWords[static_cast<std::size_t>(value.kind)]}, {"type", written(value.type)}};
    if (value.kind == ValueKind::Parameter) {
        document["weight_decay"] = value.weightDecay;
        document["frozen"] = value.frozen;
    }
    if (value.kind == ValueKind::Parameter || value.kind == ValueKind::Buffer) document["initializer"] = written(value.initializer);
    if (value.kind == ValueKind::Constant) {
        document["integers"] = written(value.constant);
        document["reals"] = written(value.reals);
    }
    return document;
}

json idsJson(const std::vector<ValueId>& ids) {
    json array = json::array();
    for (const ValueId id : ids) array.push_back(id == kNone ? json() : json(id));
    return array;
}

json nodeJson(const Node& node) {
    json attributes = json::array();
    for (const auto& [key, attribute] : node.attributes) {
        json entry{{"name", written(key)}};
        entry[std::string(kAttributeWords[attribute.index()])] = std::visit([](const auto& held) { return written(held); }, attribute);
        attributes.push_back(std::move(entry));
    }
    return {{"op", node.op->name},
            {"domain", node.op->domain},
            {"name", written(node.name)},
            {"inputs", idsJson(node.inputs)},
            {"outputs", idsJson(node.outputs)},
            {"attributes", std::move(attributes)},
            {"block", written(node.block)},
            {"output_count", node.outputCount}};
}

}  // namespace

json toJson(const Graph& graph) {
    json values = json::array(), nodes = json::array();
    for (std::size_t id = 0; id < graph.values().size(); ++id)
        if (graph.values()[id].kind != ValueKind::Activation) values.push_back(valueJson(graph.values()[id], static_cast<ValueId>(id)));
    for (const Node& node : graph.nodes()) nodes.push_back(nodeJson(node));
    return {{"format", kGraphFormat},
            {"version", kGraphVersion},
            {"name", written(graph.name)},
            {"values", std::move(values)},
            {"nodes", std::move(nodes)},
            {"outputs", idsJson(graph.outputs())}};
}

}  // namespace headroom::graph
