// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/onnx_lowering.h"

namespace headroom::formats {

/// Collects a file's nodes while rules write a graph's (onnx_lowering.cpp); values keep the graph's names.
class OnnxEmitter {
public:
    OnnxEmitter(const graph::Graph& net, int opset) : m_graph(net), m_opset(opset) {
        for (const graph::Value& value : net.values()) m_names.insert(value.name);
    }

    int opset() const { return m_opset; }
    const graph::Graph& net() const { return m_graph; }
    const graph::Shape& shapeOf(const graph::Node& node, std::size_t input) const {
        return m_graph.value(node.inputs[input]).type.shape;
    }

    std::string input(const graph::Node& node, std::size_t index) const {
        if (index >= node.inputs.size() || node.inputs[index] == graph::kNone) return {};
        const auto alias = m_aliases.find(node.inputs[index]);
        return alias == m_aliases.end() ? m_graph.value(node.inputs[index]).name : alias->second;
    }
    std::vector<std::string> inputs(const graph::Node& node, std::size_t count) const {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < std::min(count, node.inputs.size()); ++i) names.push_back(input(node, i));
        while (!names.empty() && names.back().empty()) names.pop_back();
        return names;
    }
    graph::DType typeOf(const graph::Node& node, std::size_t input) const { return m_graph.value(node.inputs[input]).type.dtype; }
    bool has(const graph::Node& node, std::size_t input) const { return input < node.inputs.size() && node.inputs[input] != graph::kNone; }

    /// A node that makes a value of the graph.
    void make(const graph::Node& node, std::string op, std::vector<std::string> inputs, graph::Attributes attributes = {}) {
        std::vector<std::string> outputs;
        for (const graph::ValueId id : node.outputs) outputs.push_back(m_graph.value(id).name);
        m_result.nodes.push_back(
            {std::move(op), node.name, std::move(inputs), std::move(outputs), std::move(attributes)});
    }
    /// Likewise, of several outputs the one with this number.
    void makeOutput(const graph::Node& node, std::size_t number, std::string op, std::vector<std::string> inputs, graph::Attributes attributes = {}) {
        const std::string& name = m_graph.value(node.outputs[number]).name;
        m_result.nodes.push_back({std::move(op), number == 0 ? node.name : name, std::move(inputs), {name}, std::move(attributes)});
    }
    /// A node between; returns the name of its value.
    std::string step(const graph::Node& node, std::string_view part, std::string op, std::vector<std::string> inputs,
                     graph::Attributes attributes = {}) {
        std::string name = fresh(node.name, part);
        m_result.nodes.push_back({std::move(op), name, std::move(inputs), {name}, std::move(attributes)});
        return name;
    }
    std::string numbers(const graph::Node& node, std::string_view part, std::vector<std::int64_t> content, bool scalar = false) {
        m_result.constants.push_back({.name = fresh(node.name, part), .numbers = std::move(content), .scalar = scalar});
        return m_result.constants.back().name;
    }
    std::string real(const graph::Node& node, std::string_view part, double value) {
        m_result.constants.push_back({.name = fresh(node.name, part), .scalar = true, .real = true, .value = static_cast<float>(value)});
        return m_result.constants.back().name;
    }

    /// The node's output is its first input itself.
    void pass(const graph::Node& node) {
        const graph::ValueId id = node.outputs.front();
        const auto& outputs = m_graph.outputs();
        if (std::find(outputs.begin(), outputs.end(), id) != outputs.end())
            return make(node, "Identity", {input(node, 0)});  // an output of the graph must keep its name
        m_aliases[id] = input(node, 0);
    }

    /// Values that several nodes need, made once.
    std::string& shared(const std::string& key) { return m_shared[key]; }

    OnnxNodes take() { return std::move(m_result); }

private:
    std::string fresh(std::string_view node, std::string_view part) {
        std::string name = fmt::format("{}/{}", node, part);
        while (!m_names.insert(name).second) name += '_';
        return name;
    }

    const graph::Graph& m_graph;
    int m_opset;
    std::set<std::string> m_names;
    std::map<graph::ValueId, std::string> m_aliases;
    std::map<std::string, std::string> m_shared;
    OnnxNodes m_result;
};

/// Attention with standard operators where `opset` has none.
void lowerAttention(OnnxEmitter& out, const graph::Node& node);

}  // namespace headroom::formats
