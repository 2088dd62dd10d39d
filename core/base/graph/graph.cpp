// SPDX-License-Identifier: Apache-2.0
#include "base/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"

namespace headroom::graph {
namespace {

struct DTypeInfo {
    std::int64_t bytes;
    std::string_view name;
};
constexpr DTypeInfo kDTypes[] = {{4, "float32"}, {8, "float64"}, {2, "float16"}, {2, "bfloat16"},
                                 {8, "int64"},   {4, "int32"},   {1, "uint8"},   {1, "bool"},
                                 {1, "int8"},    {2, "int16"},   {2, "uint16"},  {4, "uint32"}, {8, "uint64"}};

std::int64_t termExtent(std::string_view term, const Extents& extents) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(term.data(), term.data() + term.size(), number);
    if (error == std::errc{} && end == term.data() + term.size()) return number;
    const auto found = extents.find(std::string(term));
    assert(found != extents.end() && "a named dimension has no extent");
    return found == extents.end() ? 1 : found->second;
}

/// A factor may be a sum ("past+sequence", what attention's cache grows to): '+' binds closer than '*'.
std::int64_t factorExtent(std::string_view factor, const Extents& extents) {
    std::int64_t extent = 0;
    while (true) {
        const std::size_t plus = factor.find('+');
        extent += termExtent(factor.substr(0, plus), extents);
        if (plus == std::string_view::npos) return extent;
        factor.remove_prefix(plus + 1);
    }
}

std::int64_t namedExtent(std::string_view name, const Extents& extents) {
    std::int64_t extent = 1;
    while (true) {
        const std::size_t star = name.find('*');
        extent *= factorExtent(name.substr(0, star), extents);
        if (star == std::string_view::npos) return extent;
        name.remove_prefix(star + 1);
    }
}

template <typename T>
T attributeOr(const Attributes& attributes, std::string_view key, T fallback) {
    const auto found = attributes.find(key);
    if (found == attributes.end()) return fallback;
    if (const T* held = std::get_if<T>(&found->second)) return *held;
    throw Error(Failure{Code::Cfg09, {}, "an attribute is of another type", std::string(key), {}, {}});
}

[[noreturn]] void refuse(const Node& node, std::string problem, std::string found = {}, std::string allowed = {}) {
    throw Error(Failure{Code::Cfg09,
                        fmt::format("{} ({})", escaped(node.name), node.op->name),
                        std::move(problem),
                        std::move(found),
                        std::move(allowed),
                        {}});
}

void checkInputs(const Node& node) {
    const auto count = static_cast<int>(node.inputs.size());
    if (count < node.op->minInputs || count > node.op->maxInputs)
        refuse(node, "wrong number of inputs", fmt::format("{}", count),
               fmt::format("{} to {} allowed", node.op->minInputs, node.op->maxInputs));
    for (int i = 0; i < node.op->minInputs; ++i)
        if (node.inputs[static_cast<std::size_t>(i)] == kNone)
            refuse(node, "a required input is absent", fmt::format("input {}", i));
}

void checkAttributes(const Node& node) {
    for (const auto& [key, value] : node.attributes)
        if (std::ranges::find(node.op->attributes, key) == node.op->attributes.end())
            refuse(node, "unknown attribute", escaped(key));
}

std::vector<TensorType> inferred(const Graph& graph, const Node& node) {
    try {
        return node.op->infer(viewOf(graph, node));
    } catch (const Error& error) {
        Failure failure = error.failures().front();
        refuse(node, std::move(failure.problem), std::move(failure.found), std::move(failure.allowed));
    }
}

}  // namespace

std::int64_t byteSize(DType type) { return kDTypes[static_cast<std::size_t>(type)].bytes; }
std::string_view name(DType type) { return kDTypes[static_cast<std::size_t>(type)].name; }
bool isFloating(DType type) {
    using enum DType;
    return type == F32 || type == F64 || type == F16 || type == BF16;
}

Shape fixedShape(std::initializer_list<std::int64_t> extents) {
    Shape shape;
    for (const std::int64_t extent : extents) shape.push_back(Dim::fixed(extent));
    return shape;
}

std::vector<std::int64_t> resolved(const Shape& shape, const Extents& extents) {
    std::vector<std::int64_t> out;
    out.reserve(shape.size());
    for (const Dim& dim : shape) out.push_back(dim.isFixed() ? dim.extent : namedExtent(dim.name, extents));
    return out;
}

std::int64_t elementCount(const std::vector<std::int64_t>& extents) {
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) count *= extent;
    return count;
}

std::string toString(const Shape& shape) {
    std::string text = "[";
    for (const Dim& dim : shape) {
        if (text.size() > 1) text += ", ";
        text += dim.isFixed() ? fmt::format("{}", dim.extent) : dim.name;
    }
    return text + "]";
}

Dim product(const Shape& shape) {
    std::int64_t fixed = 1;
    std::string names;
    for (const Dim& dim : shape) {
        if (dim.isFixed()) {
            fixed *= dim.extent;
        } else {
            names += (names.empty() ? "" : "*") + dim.name;
        }
    }
    if (names.empty()) return Dim::fixed(fixed);
    return Dim::named(fixed == 1 ? names : fmt::format("{}*{}", fixed, names));
}

std::int64_t Node::integer(std::string_view attribute, std::int64_t fallback) const {
    return attributeOr<std::int64_t>(attributes, attribute, fallback);
}
double Node::real(std::string_view attribute, double fallback) const {
    return attributeOr<double>(attributes, attribute, fallback);
}
std::string Node::text(std::string_view attribute, std::string_view fallback) const {
    return attributeOr<std::string>(attributes, attribute, std::string(fallback));
}
std::vector<std::int64_t> Node::integers(std::string_view attribute, std::vector<std::int64_t> fallback) const {
    return attributeOr<std::vector<std::int64_t>>(attributes, attribute, std::move(fallback));
}
std::vector<double> Node::reals(std::string_view attribute, std::vector<double> fallback) const {
    return attributeOr<std::vector<double>>(attributes, attribute, std::move(fallback));
}
std::vector<std::string> Node::texts(std::string_view attribute, std::vector<std::string> fallback) const {
    return attributeOr<std::vector<std::string>>(attributes, attribute, std::move(fallback));
}

ValueId Graph::addValue(Value value) {
    const auto id = static_cast<ValueId>(m_values.size());
    const bool isNew = m_byName.emplace(value.name, id).second;
    assert(isNew && "two values have the same name");
    static_cast<void>(isNew);
    m_values.push_back(std::move(value));
    return id;
}

ValueId Graph::addInput(std::string valueName, TensorType type) {
    return addValue({.name = std::move(valueName), .kind = ValueKind::Input, .type = std::move(type)});
}

ValueId Graph::addParameter(std::string valueName, TensorType type, Initializer initializer, bool weightDecay) {
    return addValue({.name = std::move(valueName),
                     .kind = ValueKind::Parameter,
                     .type = std::move(type),
                     .initializer = initializer,
                     .weightDecay = weightDecay});
}

ValueId Graph::addBuffer(std::string valueName, TensorType type, Initializer initializer) {
    return addValue(
        {.name = std::move(valueName), .kind = ValueKind::Buffer, .type = std::move(type), .initializer = initializer});
}

ValueId Graph::addConstant(std::string valueName, std::vector<std::int64_t> content) {
    const TensorType type{DType::I64, {Dim::fixed(static_cast<std::int64_t>(content.size()))}};
    return addConstant(std::move(valueName), type, std::move(content), {});
}

ValueId Graph::addConstant(std::string valueName, TensorType type, std::vector<std::int64_t> numbers, std::vector<double> reals) {
    return addValue({.name = std::move(valueName),
                     .kind = ValueKind::Constant,
                     .type = std::move(type),
                     .constant = std::move(numbers),
                     .reals = std::move(reals)});
}

std::vector<ValueId> Graph::addNode(const OpEntry& op, std::string nodeName, std::vector<ValueId> inputs,
                                    Attributes attributes, std::string block, int outputCount) {
    Node node{.id = static_cast<NodeId>(m_nodes.size()),
              .op = &op,
              .name = std::move(nodeName),
              .inputs = std::move(inputs),
              .outputs = {},
              .attributes = std::move(attributes),
              .block = std::move(block),
              .outputCount = outputCount};
    checkInputs(node);
    checkAttributes(node);
    std::vector<TensorType> types = inferred(*this, node);
    assert(op.outputs == 0 || static_cast<int>(types.size()) <= op.outputs);
    for (std::size_t k = 0; k < types.size(); ++k) {
        std::string outputName = types.size() == 1 ? node.name : fmt::format("{}.{}", node.name, k);
        if (m_byName.contains(outputName)) refuse(node, "a name is there twice", escaped(outputName));
        node.outputs.push_back(addValue({.name = std::move(outputName),
                                         .kind = ValueKind::Activation,
                                         .type = std::move(types[k]),
                                         .producer = node.id}));
    }
    m_nodes.push_back(node);
    return node.outputs;
}

namespace {
std::vector<ValueId> ofKind(const std::vector<Value>& values, ValueKind kind) {
    std::vector<ValueId> ids;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i].kind == kind) ids.push_back(static_cast<ValueId>(i));
    return ids;
}
}  // namespace

std::vector<ValueId> Graph::inputs() const { return ofKind(m_values, ValueKind::Input); }
std::vector<ValueId> Graph::parameters() const { return ofKind(m_values, ValueKind::Parameter); }
std::vector<ValueId> Graph::buffers() const { return ofKind(m_values, ValueKind::Buffer); }

std::vector<ValueId> Graph::trained() const {
    std::vector<ValueId> ids = parameters();
    std::erase_if(ids, [this](ValueId id) { return value(id).frozen; });
    return ids;
}

ValueId Graph::find(std::string_view valueName) const {
    const auto found = m_byName.find(valueName);
    return found == m_byName.end() ? kNone : found->second;
}

std::int64_t Graph::parameterCount() const {
    std::int64_t count = 0;
    for (const Value& each : m_values)
        if (each.kind == ValueKind::Parameter) count += elementCount(resolved(each.type.shape, {}));
    return count;
}

NodeView viewOf(const Graph& graph, const Node& node) {
    NodeView view{node, {}, {}, {}, {}};
    for (const ValueId id : node.inputs) {
        const Value* value = id == kNone ? nullptr : &graph.value(id);
        view.inputs.push_back(value ? &value->type : nullptr);
        view.constants.push_back(value && value->kind == ValueKind::Constant ? &value->constant : nullptr);
        view.reals.push_back(value && value->kind == ValueKind::Constant ? &value->reals : nullptr);
    }
    for (const ValueId id : node.outputs) view.outputs.push_back(&graph.value(id).type);
    return view;
}

}  // namespace headroom::graph
