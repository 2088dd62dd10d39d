// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headroom::graph {

enum class DType { F32, F64, F16, BF16, I64, I32, U8, Bool, I8, I16, U16, U32, U64 };
std::int64_t byteSize(DType);
std::string_view name(DType);
bool isFloating(DType);

/// One dimension: a fixed extent, or a named one whose extent is known only when a batch arrives ("batch"). A name may
/// be a product: "batch*sequence" or "4*batch" (factors joined by '*'), as a reshape that merges dimensions makes it.
struct Dim {
    std::int64_t extent = -1;  ///< -1: named
    std::string name;

    static Dim fixed(std::int64_t extent) { return {extent, {}}; }
    static Dim named(std::string name) { return {-1, std::move(name)}; }
    bool isFixed() const { return extent >= 0; }
    bool operator==(const Dim&) const = default;
};
using Shape = std::vector<Dim>;
/// Extents of the named dimensions for one step, e.g. {{"batch", 128}}.
using Extents = std::map<std::string, std::int64_t>;

Shape fixedShape(std::initializer_list<std::int64_t> extents);
/// The shape with every name replaced (products multiplied out). Asserts that each name is known.
std::vector<std::int64_t> resolved(const Shape&, const Extents&);
std::int64_t elementCount(const std::vector<std::int64_t>& extents);
std::string toString(const Shape&);
/// The product of dimensions as one dimension: fixed extents multiplied, names joined in order.
Dim product(const Shape&);

struct TensorType {
    DType dtype = DType::F32;
    Shape shape;
    bool operator==(const TensorType&) const = default;
};

using ValueId = std::int32_t;
using NodeId = std::int32_t;
constexpr std::int32_t kNone = -1;

/// How a parameter is filled before training; a function of (seed, parameter name). Kaiming (arXiv 1502.01852):
/// standard deviation gain / sqrt(fanIn) (normal), bound gain * sqrt(3 / fanIn) (uniform).
struct Initializer {
    enum class Kind { Zeros, Ones, Normal, Uniform, KaimingUniform, KaimingNormal, Constant } kind = Kind::Zeros;
    double scale = 1;        ///< standard deviation (Normal), bound (Uniform), gain (Kaiming*), the number (Constant)
    std::int64_t fanIn = 0;  ///< Kaiming*
};

enum class ValueKind {
    Input,      ///< fed with every batch
    Parameter,  ///< trained, unless it is frozen
    Buffer,     ///< kept beside the parameters, changed by nodes (running statistics)
    Constant,   ///< fixed data of the graph (shapes, masks)
    Activation  ///< made by a node
};

struct Value {
    std::string name;
    ValueKind kind = ValueKind::Activation;
    TensorType type{};
    NodeId producer = kNone;
    Initializer initializer{};             ///< parameters and buffers
    bool weightDecay = true;               ///< parameters: matrices and kernels decay, norms and biases do not
    bool frozen = false;                   ///< parameters: stays as it is, has no gradient
    std::vector<std::int64_t> constant{};  ///< constants: whole numbers (shapes, axes)
    std::vector<double> reals{};           ///< constants of a floating type: their content (scales)

    bool isTrained() const { return kind == ValueKind::Parameter && !frozen; }
};

using Attribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute, std::less<>>;

struct OpEntry;

/// One operator application. `inputs` may hold kNone for an absent optional input.
struct Node {
    NodeId id = kNone;
    const OpEntry* op = nullptr;
    std::string name;
    std::vector<ValueId> inputs, outputs;
    Attributes attributes;
    std::string block;  ///< path of the block it belongs to ("layer2/0"): collapsing, recomputation
    /// Of an operator whose last outputs are optional, how many this node has; 0: those that it always has.
    int outputCount = 0;

    std::int64_t integer(std::string_view attribute, std::int64_t fallback) const;
    double real(std::string_view attribute, double fallback) const;
    std::string text(std::string_view attribute, std::string_view fallback) const;
    std::vector<std::int64_t> integers(std::string_view attribute, std::vector<std::int64_t> fallback) const;
    std::vector<double> reals(std::string_view attribute, std::vector<double> fallback) const;
    std::vector<std::string> texts(std::string_view attribute, std::vector<std::string> fallback) const;
};

/// A model as plain data: nodes with ONNX operator semantics (opset 23), in topological order, over typed values.
/// Weights lie beside it, by name. Nodes and values are named by id and owned by the graph.
class Graph {
public:
    std::string name;

    ValueId addInput(std::string name, TensorType type);
    ValueId addParameter(std::string name, TensorType type, Initializer initializer, bool weightDecay = true);
    ValueId addBuffer(std::string name, TensorType type, Initializer initializer);
    ValueId addConstant(std::string name, std::vector<std::int64_t> content);
    /// Of any element type and shape; the content is in the vector that suits the type.
    ValueId addConstant(std::string name, TensorType type, std::vector<std::int64_t> numbers, std::vector<double> reals);
    /// Appends a node, infers the types of its outputs (named `<name>` or `<name>.<k>`) and returns them. A Failure of
    /// shape inference, or a name that is taken, is thrown as Error CFG-09 that names the node.
    std::vector<ValueId> addNode(const OpEntry& op, std::string name, std::vector<ValueId> inputs,
                                 Attributes attributes = {}, std::string block = {}, int outputCount = 0);
    void setOutputs(std::vector<ValueId> outputs) { m_outputs = std::move(outputs); }

    const std::vector<Value>& values() const { return m_values; }
    const std::vector<Node>& nodes() const { return m_nodes; }
    const Value& value(ValueId id) const { return m_values[static_cast<std::size_t>(id)]; }
    Value& value(ValueId id) { return m_values[static_cast<std::size_t>(id)]; }
    const Node& node(NodeId id) const { return m_nodes[static_cast<std::size_t>(id)]; }
    const std::vector<ValueId>& outputs() const { return m_outputs; }
    std::vector<ValueId> inputs() const;      ///< values of kind Input, in order of addition
    std::vector<ValueId> parameters() const;  ///< likewise
    std::vector<ValueId> buffers() const;
    std::vector<ValueId> trained() const;  ///< parameters that are not frozen
    /// The value of that name, or kNone.
    ValueId find(std::string_view name) const;
    std::int64_t parameterCount() const;  ///< elements of all parameters

private:
    ValueId addValue(Value value);
    std::vector<Value> m_values;
    std::vector<Node> m_nodes;
    std::vector<ValueId> m_outputs;
    std::map<std::string, ValueId, std::less<>> m_byName;
};

}  // namespace headroom::graph
