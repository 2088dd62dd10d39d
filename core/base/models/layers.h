// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "base/graph/graph.h"
#include "base/models/models.h"

namespace headroom::models {

/// Adds layers to a graph, each with its parameters, initialised as PyTorch does where nothing else is said. Parameters
/// are named `<layer>.weight`, `<layer>.bias`, `<layer>.running_mean`, `<layer>.running_var`.
class LayerBuilder {
public:
    LayerBuilder(graph::Graph& graph, const ModelOptions& options) : m_graph(graph), m_options(options) {}

    /// Path of the block that the next layers belong to, also the prefix of their names.
    void enterBlock(const std::string& path) { m_block = path; }

    graph::ValueId parameter(const std::string& layer, const std::string& part, graph::Shape shape,
                             graph::Initializer initializer);
    /// One node with one output, named after its block.
    graph::ValueId node(const graph::OpEntry& op, const std::string& name, std::vector<graph::ValueId> inputs,
                        graph::Attributes attributes = {});

    /// Square convolution without bias, padded to keep the extent at stride 1; Kaiming normal.
    graph::ValueId convolution(const std::string& name, graph::ValueId x, std::int64_t maps, std::int64_t kernel = 3,
                               std::int64_t stride = 1);
    graph::ValueId batchNorm(const std::string& name, graph::ValueId x);
    graph::ValueId layerNorm(const std::string& name, graph::ValueId x);
    graph::ValueId relu(const std::string& name, graph::ValueId x);
    graph::ValueId maxPool(const std::string& name, graph::ValueId x);  ///< 2 x 2
    /// Fully connected over [batch, features], weights [out, in].
    graph::ValueId fullyConnected(const std::string& name, graph::ValueId x, std::int64_t outputs);
    /// Nothing where the dropout is 0.
    graph::ValueId dropout(const std::string& name, graph::ValueId x);

    const graph::Graph& graph() const { return m_graph; }

private:
    std::string path(const std::string& name, char separator) const;
    std::int64_t extent(graph::ValueId value, std::size_t dim) const;

    graph::Graph& m_graph;
    ModelOptions m_options;
    std::string m_block;
};

}  // namespace headroom::models
