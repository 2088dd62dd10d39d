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
#include "engine/train/model_file.h"
#include "engine/train/optimizer.h"

namespace headroom::train {

/// A net with its weights: the graph as built, which exports show; the trained part of it with the loss appended and nodes fused,
/// which evaluations run; the graph of a training step, which has no logits to show; and the tensors by the values of both.
class Model {
public:
    /// Makes the net (plan::netOf) and fills its weights, of the types that the precision keeps them in: as a function of
    /// `train.seed`, then with those that `first` gives for the net.
    /// Throws as plan::netOf() and `first`, CFG-09 where weights of that name have another shape.
    Model(const config::RunConfig& config, const models::Basis& basis, at::Device device, const FirstWeights& first = {});
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    const graph::Graph& plain() const { return m_plain; }
    const graph::Graph& training() const { return m_training; }
    /// As plan::lossOnly(): parameters, buffers and inputs have the ids that they have in training().
    const graph::Graph& step() const { return m_step; }
    run::TensorSet& tensors() { return m_tensors; }
    at::Device device() const { return m_device; }

    /// What is trained, in the order of the training graph.
    std::vector<Parameter> parameters() const;
    std::vector<at::Tensor> weights() const;
    std::vector<at::Tensor> buffers() const;
    /// All parameters and buffers in the order of their names.
    std::vector<NamedTensor> named() const;
    /// Gradients in the order of parameters(); zeros where a micro-batch gave none.
    std::vector<at::Tensor> gradients() const;
    void dropGradients();
    /// The tensors with other values for weights() and buffers(), in that order (averages).
    run::TensorSet with(const std::vector<at::Tensor>& values) const;

private:
    void keepRest(const config::RunConfig& config);
    /// Of a parameter or buffer; undefined where there is none of that name.
    at::Tensor find(const std::string& name) const;
    void take(const std::vector<graph::HostTensor>& weights);

    graph::Graph m_plain, m_training, m_step;
    at::Device m_device;
    double m_layerDecay;
    run::TensorSet m_tensors;
    std::vector<NamedTensor> m_rest;  ///< of the plain net, where training runs a part of it
};

/// The optimizer that a configuration wants for a model. `folder` is for what lies outside of memory. Throws as makeOptimizer().
std::unique_ptr<Optimizer> optimizerOf(const config::RunConfig& config, const Model& model, const std::filesystem::path& folder);

graph::DeviceKind kindOf(at::Device device);

/// SHA-256 over name, shape and bytes of each tensor, in the order given.
std::string sha256Of(const std::vector<NamedTensor>& tensors);

}  // namespace headroom::train
