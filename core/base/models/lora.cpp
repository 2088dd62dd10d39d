// SPDX-License-Identifier: Apache-2.0
#include "base/models/lora.h"

#include <cmath>
#include <map>
#include <set>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/rewrites/copy.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/models/patterns.h"
#include "base/models/weight_names.h"

namespace headroom::models {
namespace {

using graph::Graph;
using graph::Initializer;
using graph::Node;
using graph::Value;
using graph::ValueId;

using Names = std::set<std::string>;

bool isTransposed(const Node& node) { return node.op == &graph::kGemm && node.integer("transB", 0) != 0; }

/// Whether the node is a product with a matrix of its own that may be adapted.
bool isTarget(const Graph& net, const graph::Readers& readers, const Node& node, const Names& head, std::string_view targets) {
    if (node.op != &graph::kMatMul && node.op != &graph::kGemm) return false;
    if (node.integer("transA", 0) != 0 || node.real("alpha", 1) != 1) return false;
    const Value& weight = net.value(node.inputs[1]);
    return weight.kind == graph::ValueKind::Parameter && weight.type.shape.size() == 2 && readers.count(node.inputs[1]) == 1 &&
           !head.contains(weight.name) && fitsPatterns(weight.name, targets);
}

std::string layerOf(const std::string& weight) {
    constexpr std::string_view kWeight = ".weight";
    return weight.ends_with(kWeight) ? weight.substr(0, weight.size() - kWeight.size()) : weight;
}

LoraPair pairOf(const Graph& net, const Node& node, const LoraOptions& options) {
    const std::string& weight = net.value(node.inputs[1]).name;
    const std::string layer = layerOf(weight);
    return {weight, loraNameOfA(weight), layer + std::string(kLoraB), isTransposed(node), options.alpha / static_cast<double>(options.rank)};
}

/// By NodeId of the product, those that are adapted.
std::map<graph::NodeId, LoraPair> targetsOf(const Graph& net, const LoraOptions& options) {
    const graph::Readers readers(net);
    const Names head = headOf(net);
    std::map<graph::NodeId, LoraPair> all;
    for (const Node& node : net.nodes())
        if (isTarget(net, readers, node, head, options.targets)) all.emplace(node.id, pairOf(net, node, options));
    return all;
}

/// The sum of a product and its bias, where that is one node more and nobody else reads the product: else the product. Behind it the
/// update is added, so that training still fuses the two.
graph::NodeId endOf(const Graph& net, const graph::Readers& readers, const Node& product) {
    if (readers.count(product.outputs.front()) != 1) return product.id;
    for (const Node& node : net.nodes()) {
        if (node.op != &graph::kAdd || node.inputs[0] != product.outputs.front()) continue;
        const Value& bias = net.value(node.inputs[1]);
        return bias.kind == graph::ValueKind::Parameter && bias.type.shape.size() == 1 ? node.id : product.id;
    }
    return product.id;
}

class Adapting {
public:
    Adapting(const Graph& net, const LoraOptions& options) : m_net(net), m_options(options), m_pairs(targetsOf(net, options)), m_copy(net) {
        const graph::Readers readers(net);
        for (const auto& [id, pair] : m_pairs) m_ends.emplace(endOf(net, readers, net.node(id)), id);
    }

    Graph run() {
        for (auto& [id, pair] : m_pairs) addParameters(m_net.node(id), pair);
        for (const Node& node : m_net.nodes()) {
            m_copy.node(node);
            if (const auto end = m_ends.find(node.id); end != m_ends.end()) addUpdate(m_net.node(end->second), m_pairs.at(end->second), node);
        }
        return m_copy.finished();
    }

private:
    void addParameters(const Node& node, const LoraPair& pair) {
        const graph::Shape& shape = m_net.value(node.inputs[1]).type.shape;
        const std::int64_t in = shape[pair.transposed ? 1 : 0].extent, out = shape[pair.transposed ? 0 : 1].extent;
        const Initializer drawn{Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(in)), in};
        Graph& made = m_copy.made();
        m_a[node.id] = made.addParameter(pair.a, {graph::DType::F32, graph::fixedShape({in, m_options.rank})}, drawn);
        m_b[node.id] = made.addParameter(pair.b, {graph::DType::F32, graph::fixedShape({m_options.rank, out})}, {});
        m_scale[node.id] = made.addBuffer(layerOf(pair.weight) + std::string(kLoraScale), {graph::DType::F32, graph::fixedShape({1})}, {Initializer::Kind::Constant, pair.scale});
    }

    /// The scale multiplies the narrow product.
    void addUpdate(const Node& product, const LoraPair& pair, const Node& end) {
        const std::string layer = layerOf(pair.weight);
        const auto add = [&](const graph::OpEntry& op, const char* name, std::vector<ValueId> inputs, graph::Attributes attributes = {}) {
            return m_copy.made().addNode(op, layer + name, std::move(inputs), std::move(attributes), product.block).front();
        };
        ValueId x = m_copy.of(product.inputs[0]);
        if (m_options.dropout > 0) x = add(graph::kDropout, ".lora_dropout", {x}, {{"ratio", m_options.dropout}});
        const ValueId narrow = add(graph::kMatMul, ".lora_down", {x, m_a.at(product.id)});
        const ValueId scaled = add(*graph::findOp("Mul"), ".lora_scaled", {narrow, m_scale.at(product.id)});
        const ValueId update = add(graph::kMatMul, ".lora_up", {scaled, m_b.at(product.id)});
        m_copy.put(end.outputs.front(), add(graph::kAdd, ".lora_sum", {m_copy.of(end.outputs.front()), update}));
    }

    const Graph& m_net;
    const LoraOptions& m_options;
    std::map<graph::NodeId, LoraPair> m_pairs;
    std::map<graph::NodeId, graph::NodeId> m_ends;  ///< product by the node behind which its update is added
    std::map<graph::NodeId, ValueId> m_a, m_b, m_scale;  ///< new ids by product
    graph::Copy m_copy;
};

}  // namespace

std::vector<LoraPair> loraPairs(const Graph& net, const LoraOptions& options) {
    std::vector<LoraPair> all;
    if (options.rank > 0)
        for (auto& [id, pair] : targetsOf(net, options)) all.push_back(std::move(pair));
    return all;
}

std::string loraNameOfA(const std::string& weight) { return layerOf(weight) + std::string(kLoraA); }

std::vector<LoraPair> possibleLoraPairs(const Graph& net) { return loraPairs(net, {.rank = 1}); }

Graph withLora(const Graph& net, const LoraOptions& options) {
    if (loraPairs(net, options).empty())
        throw Error(Failure{Code::Cfg09, "model.lora.targets", "no weight of a product fits", escaped(options.targets), {}, "The graph view shows their names. The head is none of them: it is trained whole."});
    Graph made = Adapting(net, options).run();
    const Names head = headOf(net);
    for (const ValueId id : made.parameters()) {
        Value& value = made.value(id);
        value.frozen = !isLoraUpdate(value.name) && !head.contains(value.name);
    }
    return made;
}

}  // namespace headroom::models
