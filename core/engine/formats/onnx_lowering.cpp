// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"

namespace headroom::formats {
namespace {

using graph::Attributes;
using graph::Node;
using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

/// Collects the file's nodes; values keep the graph's names.
class Emitter {
public:
    Emitter(const graph::Graph& net, int opset) : m_graph(net), m_opset(opset) {
        for (const graph::Value& value : net.values()) m_names.insert(value.name);
    }

    int opset() const { return m_opset; }
    const graph::Graph& net() const { return m_graph; }
    const graph::Shape& shapeOf(const Node& node, std::size_t input) const {
        return m_graph.value(node.inputs[input]).type.shape;
    }

    std::string input(const Node& node, std::size_t index) const {
        if (index >= node.inputs.size() || node.inputs[index] == graph::kNone) return {};
        const auto alias = m_aliases.find(node.inputs[index]);
        return alias == m_aliases.end() ? m_graph.value(node.inputs[index]).name : alias->second;
    }
    Names inputs(const Node& node, std::size_t count) const {
        Names names;
        for (std::size_t i = 0; i < std::min(count, node.inputs.size()); ++i) names.push_back(input(node, i));
        while (!names.empty() && names.back().empty()) names.pop_back();
        return names;
    }
    std::string output(const Node& node) const { return m_graph.value(node.outputs.front()).name; }

    /// A node that makes a value of the graph.
    void make(const Node& node, std::string op, Names inputs, Attributes attributes = {}) {
        Names outputs;
        for (const graph::ValueId id : node.outputs) outputs.push_back(m_graph.value(id).name);
        m_result.nodes.push_back(
            {std::move(op), node.name, std::move(inputs), std::move(outputs), std::move(attributes)});
    }
    /// A node between; returns the name of its value.
    std::string step(const Node& node, std::string_view part, std::string op, Names inputs,
                     Attributes attributes = {}) {
        std::string name = fresh(node.name, part);
        m_result.nodes.push_back({std::move(op), name, std::move(inputs), {name}, std::move(attributes)});
        return name;
    }
    std::string numbers(const Node& node, std::string_view part, Numbers content, bool scalar = false) {
        m_result.constants.push_back({fresh(node.name, part), std::move(content), scalar});
        return m_result.constants.back().name;
    }
    std::string real(const Node& node, std::string_view part, double value) {
        m_result.constants.push_back({fresh(node.name, part), {}, true, true, static_cast<float>(value)});
        return m_result.constants.back().name;
    }

    /// The node's output is its first input itself.
    void pass(const Node& node) {
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

/// Operators that mean the same in every opset of the range.
void copy(Emitter& out, const Node& node) {
    out.make(node, std::string(node.op->name), out.inputs(node, node.inputs.size()), node.attributes);
}

void pass(Emitter& out, const Node& node) { out.pass(node); }

Attributes epsilonOf(const Node& node) { return {{"epsilon", node.real("epsilon", 1e-5)}}; }

void batchNorm(Emitter& out, const Node& node) {
    out.make(node, "BatchNormalization", out.inputs(node, 5), epsilonOf(node));
}

void batchNormRelu(Emitter& out, const Node& node) {
    out.make(node, "Relu", {out.step(node, "norm", "BatchNormalization", out.inputs(node, 5), epsilonOf(node))});
}

void batchNormAddRelu(Emitter& out, const Node& node) {
    const std::string norm = out.step(node, "norm", "BatchNormalization", out.inputs(node, 5), epsilonOf(node));
    out.make(node, "Relu", {out.step(node, "sum", "Add", {norm, out.input(node, 5)})});
}

void linear(Emitter& out, const Node& node) {
    const std::string product = out.step(node, "product", "MatMul", out.inputs(node, 2));
    out.make(node, "Add", {product, out.input(node, 2)});
}

/// The first rows of a table of positions, as many as the sequence is long, added to it.
void addPositions(Emitter& out, const Node& node) {
    const Attributes second{{"start", std::int64_t{1}}, {"end", std::int64_t{2}}};
    const std::string length = out.step(node, "length", "Shape", {out.input(node, 0)}, second);
    const std::string zero = out.numbers(node, "zero", {0});
    const std::string rows = out.step(node, "rows", "Slice", {out.input(node, 1), zero, length, zero});
    out.make(node, "Add", {out.input(node, 0), rows});
}

/// 0.5 x (1 + erf(x / sqrt(2))), or the tanh form of arXiv 1606.08415, as the operator's definition has them.
void gelu(Emitter& out, const Node& node) {
    constexpr int kNative = 20;
    if (out.opset() >= kNative) return copy(out, node);
    const std::string x = out.input(node, 0);
    std::string inner;
    if (node.text("approximate", "none") == "tanh") {
        constexpr double kCubic = 0.044715;
        const std::string square = out.step(node, "square", "Mul", {x, x});
        const std::string cube = out.step(node, "cube", "Mul", {square, x});
        const std::string bent = out.step(node, "bent", "Mul", {cube, out.real(node, "cubic", kCubic)});
        const std::string sum = out.step(node, "bent_sum", "Add", {x, bent});
        const std::string factor = out.real(node, "factor", std::sqrt(2 / std::numbers::pi));
        inner = out.step(node, "tanh", "Tanh", {out.step(node, "scaled", "Mul", {sum, factor})});
    } else {
        const std::string scaled = out.step(node, "scaled", "Div", {x, out.real(node, "root", std::numbers::sqrt2)});
        inner = out.step(node, "erf", "Erf", {scaled});
    }
    const std::string weight = out.step(node, "weight", "Add", {inner, out.real(node, "one", 1)});
    const std::string twice = out.step(node, "twice", "Mul", {x, weight});
    out.make(node, "Mul", {twice, out.real(node, "half", 0.5)});
}

/// `num_outputs` came with opset 18; before it parts are equal, or their sizes are given.
void split(Emitter& out, const Node& node) {
    constexpr int kWithCount = 18;
    if (out.opset() >= kWithCount) return copy(out, node);
    Attributes attributes = node.attributes;
    attributes.erase("num_outputs");
    const auto axis = static_cast<std::size_t>(node.integer("axis", 0) < 0
                                                   ? node.integer("axis", 0) + std::ssize(out.shapeOf(node, 0))
                                                   : node.integer("axis", 0));
    Numbers sizes;
    for (const graph::ValueId id : node.outputs) sizes.push_back(out.net().value(id).type.shape[axis].extent);
    Names inputs{out.input(node, 0)};
    if (std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) != sizes.end())
        inputs.push_back(out.numbers(node, "sizes", sizes));
    out.make(node, "Split", std::move(inputs), std::move(attributes));
}

/// [queries, keys], true where a query may look at a key: itself and what comes before. Made once for equal lengths.
std::string causalMask(Emitter& out, const Node& node) {
    const auto lengthOf = [&](std::size_t input) { return graph::toString({out.shapeOf(node, input)[1]}); };
    std::string& mask = out.shared("causal mask " + lengthOf(0) + " " + lengthOf(1));
    if (!mask.empty()) return mask;
    const auto places = [&](std::size_t input, const std::string& part, std::int64_t axis) {
        const Attributes second{{"start", std::int64_t{1}}, {"end", std::int64_t{2}}};
        const std::string length = out.step(node, part + "_length", "Shape", {out.input(node, input)}, second);
        const std::string count = out.step(node, part + "_count", "Squeeze", {length});
        const std::string range = out.step(
            node, part + "_range", "Range",
            {out.numbers(node, part + "_begin", {0}, true), count, out.numbers(node, part + "_step", {1}, true)});
        return out.step(node, part + "_places", "Unsqueeze", {range, out.numbers(node, part + "_axis", {axis})});
    };
    const std::string queries = places(0, "query", 1);
    const std::string keys = places(1, "key", 0);
    return mask = out.step(node, "causal", "LessOrEqual", {keys, queries});
}

/// softmax(scale Q K^T) V by heads (arXiv 1706.03762), inputs [batch, length, heads * width].
void attention(Emitter& out, const Node& node) {
    constexpr int kNative = 23;
    if (out.opset() >= kNative) return copy(out, node);
    const std::int64_t heads = node.integer("q_num_heads", 1);
    const std::int64_t width = out.shapeOf(node, 0)[2].extent / heads;
    const std::string apart = out.numbers(node, "heads_apart", {0, 0, heads, width});
    const auto byHeads = [&](std::size_t input, const std::string& part, Numbers order) {
        const std::string parts = out.step(node, part + "_heads", "Reshape", {out.input(node, input), apart});
        return out.step(node, part, "Transpose", {parts}, {{"perm", std::move(order)}});
    };
    const std::string q = byHeads(0, "q", {0, 2, 1, 3});
    const std::string k = byHeads(1, "k", {0, 2, 3, 1});
    const std::string v = byHeads(2, "v", {0, 2, 1, 3});
    const std::string scale = out.real(node, "scale", node.real("scale", 1 / std::sqrt(static_cast<double>(width))));
    std::string scores = out.step(node, "scores", "Mul", {out.step(node, "product", "MatMul", {q, k}), scale});
    if (node.integer("is_causal", 0) != 0) {
        const std::string never = out.real(node, "never", -std::numeric_limits<double>::infinity());
        scores = out.step(node, "masked", "Where", {causalMask(out, node), scores, never});
    }
    const std::string weights = out.step(node, "weights", "Softmax", {scores}, {{"axis", std::int64_t{-1}}});
    const std::string mixed = out.step(node, "mixed", "MatMul", {weights, v});
    const std::string turned = out.step(node, "turned", "Transpose", {mixed}, {{"perm", Numbers{0, 2, 1, 3}}});
    out.make(node, "Reshape", {turned, out.numbers(node, "joined", {0, 0, heads * width})});
}

struct Rule {
    std::string_view op;
    void (*emit)(Emitter&, const Node&);
};

constexpr auto kRules = std::to_array<Rule>({
    {"Add", copy},
    {"AddPositions", addPositions},
    {"Attention", attention},
    {"AveragePool", copy},
    {"BatchNormAddRelu", batchNormAddRelu},
    {"BatchNormRelu", batchNormRelu},
    {"BatchNormalization", batchNorm},
    {"Conv", copy},
    {"Dropout", pass},
    {"Flatten", copy},
    {"Gather", copy},
    {"Gelu", gelu},
    {"Gemm", copy},
    {"GlobalAveragePool", copy},
    {"LayerNormalization", copy},
    {"Linear", linear},
    {"MatMul", copy},
    {"MaxPool", copy},
    {"Relu", copy},
    {"Reshape", copy},
    {"Split", split},
    {"Transpose", copy},
});

const Rule* ruleFor(const Node& node) {
    const auto rule = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.op == node.op->name; });
    return rule == kRules.end() ? nullptr : &*rule;
}

void requireRules(const graph::Graph& net) {
    std::set<std::string_view> unknown;
    for (const Node& node : net.nodes())
        if (!ruleFor(node)) unknown.insert(node.op->name);
    if (unknown.empty()) return;
    throw Error({Code::Exp01, net.name, "the format has no such operator", fmt::format("{}", fmt::join(unknown, ", ")),
                 "", "Export the net without it."});
}

}  // namespace

OnnxNodes lowerToOpset(const graph::Graph& net, int opset) {
    requireRules(net);
    Emitter emitter(net, opset);
    for (const Node& node : net.nodes()) ruleFor(node)->emit(emitter, node);
    return emitter.take();
}

}  // namespace headroom::formats
