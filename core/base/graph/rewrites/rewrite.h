// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Readers of every value: nodes that read it (once an input) and, as one more, the graph's outputs.
class Readers {
public:
    explicit Readers(const Graph& graph);
    int count(ValueId value) const { return m_counts[static_cast<std::size_t>(value)]; }

    /// The node that makes `value`, if it is of that operator and the value has no second reader.
    const Node* onlyFor(ValueId value, const OpEntry& op) const;

private:
    const Graph& m_graph;
    std::vector<int> m_counts;
};

/// One node in place of several. It stands where the last of them stood and makes that node's output, by the same name.
struct Replacement {
    std::vector<NodeId> replaced;  ///< the last one first
    const OpEntry* op = nullptr;
    std::vector<ValueId> inputs;
    Attributes attributes;
};

/// A rule looks at one node and, where it is the last of a chain that the rule knows, says what to put in its place.
struct Rule {
    std::string_view name;
    std::optional<Replacement> (*match)(const Graph&, const Readers&, const Node& last);
};

/// A new graph with the rule applied wherever it matches. Inputs, parameters, buffers, constants and outputs keep
/// names, types and order; ids change. Values that no node makes come first: theirs stay in what apply() made before.
Graph apply(const Graph& graph, const Rule& rule);

extern const Rule kFixBatchNorm;          ///< BatchNormalization with frozen scale and shift -> FixedBatchNorm
extern const Rule kFuseBatchNormRelu;     ///< BatchNormalization, Relu -> BatchNormRelu
extern const Rule kFuseBatchNormAddRelu;  ///< BatchNormalization, Add of an equal shape, Relu -> BatchNormAddRelu
extern const Rule kFuseLinear;            ///< MatMul, Add of a vector of parameters -> Linear
/// Gemm, MatMul or Linear, SoftmaxCrossEntropy -> LinearCrossEntropy. None of the rules below: a step that wants chunks.
extern const Rule kFuseLinearCrossEntropy;

/// The rules for training, in order. The graph that is exported stays the one before them.
std::span<const Rule* const> trainingRules();
Graph fusedForTraining(const Graph& graph);

}  // namespace headroom::graph
