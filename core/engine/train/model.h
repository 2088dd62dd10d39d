// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "base/config/run_config.h"
#include "base/graph/graph.h"
#include "base/graph/op_entry.h"
#include "base/models/models.h"
#include "engine/run/executor.h"
#include "engine/train/optimizer.h"

namespace headroom::train {

/// A net with its weights: the graph as built, which exports show, and the graph that training runs - the same with the
/// loss appended and nodes fused -, and the tensors by the latter's values.
class Model {
public:
    /// Builds `model.arch` for the data and fills its weights, of the types that the precision keeps them in, as a
    /// function of `train.seed`.
    /// Throws CFG-04, DAT-05 as models::build.
    Model(const config::RunConfig& config, const models::DataShape& data, at::Device device);
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    const graph::Graph& plain() const { return m_plain; }
    const graph::Graph& training() const { return m_training; }
    run::TensorSet& tensors() { return m_tensors; }
    at::Device device() const { return m_device; }

    /// In the order of the training graph.
    std::vector<Parameter> parameters() const;
    std::vector<at::Tensor> weights() const;
    std::vector<at::Tensor> buffers() const;
    /// Parameters and buffers in the order of their names.
    std::vector<NamedTensor> named() const;
    /// Gradients in the order of parameters(); zeros where a micro-batch gave none.
    std::vector<at::Tensor> gradients() const;
    void dropGradients();
    /// The tensors with other values for weights and buffers, in that order (averages).
    run::TensorSet with(const std::vector<at::Tensor>& values) const;

private:
    graph::Graph m_plain, m_training;
    at::Device m_device;
    run::TensorSet m_tensors;
};

graph::DeviceKind kindOf(at::Device device);

/// SHA-256 over name, shape and bytes of each tensor, in the order given.
std::string sha256Of(const std::vector<NamedTensor>& tensors);

}  // namespace headroom::train
