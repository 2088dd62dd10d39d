// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_recognition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <ranges>
#include <set>

#include "base/errors/error.h"
#include "base/graph/rewrites/copy.h"
#include "engine/formats/onnx_mask.h"

namespace headroom::formats {
namespace {

using graph::DType;
using graph::kNone;
using graph::Node;
using graph::NodeId;
using graph::ValueId;
using graph::ValueKind;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

template <class T>
std::vector<float> unpacked(const graph::HostTensor& tensor) {
    std::vector<float> reals(tensor.data.size() / sizeof(T));
    for (std::size_t i = 0; i < reals.size(); ++i) {
        T number{};
        std::memcpy(&number, tensor.data.data() + i * sizeof(T), sizeof(T));
        reals[i] = static_cast<float>(number);
    }
    return reals;
}

std::optional<std::vector<float>> unpackedReals(const graph::HostTensor& tensor) {
    switch (tensor.dtype) {
        case DType::F32: return unpacked<float>(tensor);
        case DType::F64: return unpacked<double>(tensor);
        case DType::I64: return unpacked<std::int64_t>(tensor);
        case DType::I32: return unpacked<std::int32_t>(tensor);
        case DType::I8: return unpacked<std::int8_t>(tensor);
        case DType::U8:
        case DType::Bool: return unpacked<std::uint8_t>(tensor);
        default: return std::nullopt;
    }
}

struct Rule {
    std::string_view last;
    Recognition (*match)(const Composed&, const Node&);
};
/// By the operator of a chain's last node.
constexpr std::array kRules{
    Rule{"Add", recogniseGroupNorm}, Rule{"Add", recogniseLayerNorm}, Rule{"Add", recognisePositions}, Rule{"Cast", recogniseFilling},
    Rule{"Concat", recogniseRotary}, Rule{"Expand", recogniseFilling}, Rule{"MatMul", recogniseAttention}, Rule{"Mul", recogniseGelu},
    Rule{"Mul", recogniseMish}, Rule{"Mul", recogniseRootMeanSquare}, Rule{"Reshape", recogniseAttention}, Rule{"Reshape", recogniseRotary}};

using Found = std::map<NodeId, Recognised>;

Found found(const Composed& net) {
    Found all;
    for (const Node& node : net.net().nodes()) {
        for (const Rule& rule : kRules) {
            if (rule.last != node.op->name || all.contains(node.id)) continue;
            if (Recognition match = rule.match(net, node)) all.emplace(node.id, std::move(*match));
        }
    }
    return all;
}

/// Builds the graph anew with what was recognised in the place of its chains.
class Rebuilding {
public:
    Rebuilding(const graph::Graph& from, const Found& found)
        : m_from(from), m_found(found), m_wasRead(readValues({})), m_isRead(readValues(found)), m_copy(from, [this](ValueId id) { return isKept(id); }) {}

    graph::Graph run() {
        for (const Node& node : m_from.nodes()) {
            if (!std::ranges::any_of(node.outputs, [this](ValueId id) { return isKept(id); })) continue;
            const auto match = m_found.find(node.id);
            // Idle before, of something that went with a chain.
            if (match == m_found.end() && std::ranges::any_of(node.inputs, [this](ValueId id) { return id != kNone && m_copy.of(id) == kNone; })) continue;
            if (match == m_found.end()) m_copy.node(node);
            else put(match->second, node);
        }
        return m_copy.finished();
    }

private:
    /// Values that the outputs are made of.
    std::vector<bool> readValues(const Found& found) const {
        std::vector<bool> read(m_from.values().size(), false);
        const auto take = [&](const std::vector<ValueId>& ids) {
            for (const ValueId id : ids)
                if (id >= 0) read[at(id)] = true;
        };
        take(m_from.outputs());
        for (const Node& node : m_from.nodes() | std::views::reverse) {
            if (!std::ranges::any_of(node.outputs, [&](ValueId id) { return id != kNone && read[at(id)]; })) continue;
            const auto match = found.find(node.id);
            take(match == found.end() ? node.inputs : match->second.inputs);
            if (match == found.end()) continue;
            for (const StepBefore& step : match->second.before) take(step.inputs);
        }
        return read;
    }
    /// All but what served the chains alone: what nobody ever read stays as it was.
    bool isKept(ValueId id) const { return id != kNone && (m_isRead[at(id)] || !m_wasRead[at(id)] || m_from.value(id).kind == ValueKind::Input); }

    std::string fresh(const Node& node, std::string_view part) {
        std::string name = fmt::format("{}/{}", node.name, part);
        while (m_from.find(name) != kNone || m_copy.made().find(name) != kNone) name += '_';
        return name;
    }

    void put(const Recognised& match, const Node& last) {
        std::vector<ValueId> before;
        const auto mapped = [&](const std::vector<ValueId>& ids) {
            std::vector<ValueId> made;
            for (const ValueId id : ids) made.push_back(id <= beforeIt(0) ? before[at(beforeIt(0) - id)] : m_copy.of(id));
            return made;
        };
        graph::Graph& made = m_copy.made();
        for (const StepBefore& step : match.before) {
            std::vector<ValueId> inputs = mapped(step.inputs);
            if (!step.numbers.empty()) inputs.push_back(made.addConstant(fresh(last, "numbers"), step.numbers));
            before.push_back(made.addNode(*graph::findOp(step.op), fresh(last, step.op), std::move(inputs), step.attributes).front());
        }
        const graph::OpEntry& op = *graph::findOp(match.op, match.domain);
        m_copy.put(last.outputs[0], made.addNode(op, last.name, mapped(match.inputs), match.attributes, last.block).front());
    }

    const graph::Graph& m_from;
    const Found& m_found;
    std::vector<bool> m_wasRead, m_isRead;
    graph::Copy m_copy;
};

}  // namespace

Composed::Composed(const OnnxModel& model) : m_net(model.graph), m_tensors(model.graph.values().size(), nullptr), m_masks(maskMemory()) {
    for (const graph::HostTensor& tensor : model.weights)
        if (const ValueId id = m_net.find(tensor.name); id != kNone) m_tensors[at(id)] = &tensor;
}

ValueId Composed::through(ValueId value) const {
    while (value != kNone && m_net.value(value).producer != kNone) {
        const Node& node = m_net.node(m_net.value(value).producer);
        if (node.op->name != "Identity" && !(node.op->name == "Cast" && type(node.inputs[0]) == type(value))) break;
        value = node.inputs[0];
    }
    return value;
}

const Node* Composed::maker(ValueId value) const {
    const ValueId id = through(value);
    return id == kNone || m_net.value(id).producer == kNone ? nullptr : &m_net.node(m_net.value(id).producer);
}

const Node* Composed::maker(ValueId value, std::string_view op) const {
    const Node* node = maker(value);
    return node && node->op->name == op ? node : nullptr;
}

std::optional<std::vector<float>> Composed::elements(ValueId value) const {
    constexpr std::size_t kLargest = std::size_t{4096} * 4096 * 8;  // bytes
    const graph::Value& held = m_net.value(value);
    if (held.kind == ValueKind::Constant) {
        std::vector<float> all(held.reals.begin(), held.reals.end());
        for (const std::int64_t number : held.constant) all.push_back(static_cast<float>(number));
        return all;
    }
    const graph::HostTensor* tensor = m_tensors[at(value)];
    return tensor && tensor->data.size() <= kLargest ? unpackedReals(*tensor) : std::nullopt;
}

std::optional<double> Composed::number(ValueId value) const {
    value = through(value);
    if (value == kNone) return std::nullopt;
    if (const Node* cast = maker(value, "Cast"); cast && graph::isFloating(type(value))) value = through(cast->inputs[0]);
    const graph::Value& held = m_net.value(value);
    const bool isOne = std::ranges::all_of(held.type.shape, [](const graph::Dim& dim) { return dim == graph::Dim::fixed(1); });
    if (!isOne || (held.kind != ValueKind::Buffer && held.kind != ValueKind::Constant)) return std::nullopt;
    const auto all = elements(value);
    return all && all->size() == 1 ? std::optional(static_cast<double>(all->front())) : std::nullopt;
}

bool Composed::isNumber(ValueId value, double wanted) const {
    const auto held = number(value);
    return held && std::abs(*held - wanted) <= 1e-6 * std::abs(wanted);  // as fp32 holds it
}

std::optional<std::pair<ValueId, double>> Composed::withNumber(const Node& node) const {
    if (node.inputs.size() != 2) return std::nullopt;
    for (const std::size_t k : {1, 0})
        if (const auto held = number(node.inputs[k])) return std::pair(node.inputs[1 - k], *held);
    return std::nullopt;
}

bool Composed::transposes(const Node* node, const std::vector<std::int64_t>& perm) const {
    return node && node->op->name == "Transpose" && node->integers("perm", {}) == perm;
}

void recognise(OnnxModel& model) {
    const Composed composed(model);
    const Found all = found(composed);
    if (all.empty()) return;
    graph::Graph made;
    try {
        made = Rebuilding(model.graph, all).run();
    } catch (const Error& error) {
        if (error.code() != Code::Cfg09) throw;
        return;  // shapes that no such node takes: the chains stay as they were read
    }
    std::erase_if(model.weights, [&](const graph::HostTensor& tensor) { return made.find(tensor.name) == kNone; });
    model.graph = std::move(made);
}

}  // namespace headroom::formats
