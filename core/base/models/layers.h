// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph/graph.h"
#include "base/models/models.h"

namespace headroom::models {

/// A square convolution. Weights without an initializer: Kaiming normal (gain of ReLU) over the fan.
struct Convolution {
    enum class Fan { In, Out };
    std::int64_t kernel = 3, stride = 1, groups = 1;
    bool hasBias = false;
    Fan fan = Fan::In;
    std::vector<std::int64_t> pads{}; ///< top, left, bottom, right; empty: half the kernel on all sides
    std::optional<graph::Initializer> weights{};
    graph::Initializer bias{};        ///< zeros
    std::string parameters{};         ///< name of the layer that the parameters are of; empty: the node's
};

struct BatchNorm {
    double epsilon = 1e-5;
    double momentum = 0.9;  ///< of ONNX: the share that the running value keeps
};

/// A product with a matrix and a bias; without initializers as PyTorch: uniform up to 1 / sqrt(inputs).
struct FullyConnected {
    std::string parameters{};  ///< name of the layer that the parameters are of; empty: the node's
    std::optional<graph::Initializer> weights{}, bias{};
};

/// Adds layers to a graph, each with its parameters, initialised as PyTorch does where nothing else is said. Parameters
/// are named `<layer>.weight`, `<layer>.bias`, `<layer>.running_mean`, `<layer>.running_var`.
class LayerBuilder {
public:
    LayerBuilder(graph::Graph& graph, const ModelOptions& options) : m_graph(graph), m_options(options) {}

    /// Path of the block that the next layers belong to, also the prefix of their names. Names may be paths, too: what
    /// is parted by '/' in a node's name is parted by '.' in a parameter's.
    void enterBlock(const std::string& path) { m_block = path; }

    /// Named `<layer>.<part>`, or `<layer>` where the part is empty. Matrices and kernels decay.
    graph::ValueId parameter(const std::string& layer, const std::string& part, graph::Shape shape,
                             graph::Initializer initializer);
    /// A parameter that decays as little as a bias, whatever its rank: tokens, positions, scales of branches.
    graph::ValueId undecayed(const std::string& layer, const std::string& part, graph::Shape shape,
                             graph::Initializer initializer);
    /// Constants: a real number, whole numbers in a row; one value of that name for the whole net.
    graph::ValueId number(const std::string& name, double value);
    graph::ValueId numbers(const std::string& name, std::vector<std::int64_t> content);
    /// One node with one output, named after its block.
    graph::ValueId node(const graph::OpEntry& op, const std::string& name, std::vector<graph::ValueId> inputs,
                        graph::Attributes attributes = {});
    /// Likewise an operator that is known by its name only.
    graph::ValueId node(std::string_view op, const std::string& name, std::vector<graph::ValueId> inputs,
                        graph::Attributes attributes = {});
    std::vector<graph::ValueId> split(const std::string& name, graph::ValueId x, std::int64_t axis, std::int64_t parts);

    graph::ValueId convolution(const std::string& name, graph::ValueId x, std::int64_t maps,
                               const Convolution& settings = {});
    graph::ValueId batchNorm(const std::string& name, graph::ValueId x, const BatchNorm& settings = {});
    graph::ValueId layerNorm(const std::string& name, graph::ValueId x, double epsilon = 1e-5);
    graph::ValueId relu(const std::string& name, graph::ValueId x);
    /// min(max(x, 0), 6)
    graph::ValueId relu6(const std::string& name, graph::ValueId x);
    /// x min(max(x + 3, 0), 6) / 6 (arXiv 1905.02244)
    graph::ValueId hardSwish(const std::string& name, graph::ValueId x);
    /// x sigmoid(x) (arXiv 1702.03118)
    graph::ValueId silu(const std::string& name, graph::ValueId x);
    graph::ValueId maxPool(const std::string& name, graph::ValueId x, std::int64_t kernel = 2, std::int64_t stride = 2);
    /// The mean over all pixels, [batch, channels].
    graph::ValueId pooled(graph::ValueId x);
    /// Fully connected over [batch, features], weights [out, in].
    graph::ValueId fullyConnected(const std::string& name, graph::ValueId x, std::int64_t outputs,
                                  const FullyConnected& settings = {});
    /// x W + b over the last dimension, weights [in, out]: MatMul and Add, which training runs as one node.
    graph::ValueId linear(const std::string& name, graph::ValueId x, std::int64_t outputs, graph::Initializer weights,
                          graph::Initializer bias = {});
    /// [batch, channels, h, w] as [batch, h * w, channels], and back.
    graph::ValueId toTokens(const std::string& name, graph::ValueId x);
    graph::ValueId toPicture(const std::string& name, graph::ValueId x, std::int64_t height, std::int64_t width);
    /// Nothing where the dropout is 0.
    graph::ValueId dropout(const std::string& name, graph::ValueId x);

    const graph::Graph& graph() const { return m_graph; }
    std::int64_t extent(graph::ValueId value, std::size_t dim) const;
    std::int64_t lastExtent(graph::ValueId value) const { return m_graph.value(value).type.shape.back().extent; }

private:
    std::string path(const std::string& name, char separator) const;

    graph::Graph& m_graph;
    ModelOptions m_options;
    std::string m_block;
};

}  // namespace headroom::models
