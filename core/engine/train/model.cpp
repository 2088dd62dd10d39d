// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model.h"

#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "base/plan/training_step.h"
#include "engine/tensor/bridge.h"
#include "engine/train/sha256.h"

namespace headroom::train {
namespace {

std::size_t at(graph::ValueId id) { return static_cast<std::size_t>(id); }

run::TensorSet initialised(const graph::Graph& graph, const config::RunConfig& config, at::Device device) {
    run::TensorSet tensors;
    run::initialize(graph, static_cast<std::uint64_t>(config.train.seed), tensors, plan::precisionOf(config));
    for (at::Tensor& value : tensors.values)
        if (value.defined() && !device.is_cpu()) value = value.to(device);
    return tensors;
}

}  // namespace

std::unique_ptr<Optimizer> optimizerOf(const config::RunConfig& config, const Model& model, const std::filesystem::path& folder) {
    auto outside = config.memory.offloadOptimizer ? tensor::makeOutsideMemory(model.device(), folder) : nullptr;
    return makeOptimizer(config.train.optimizer, model.parameters(), static_cast<std::uint64_t>(config.train.seed), std::move(outside));
}

graph::DeviceKind kindOf(at::Device device) {
    return device.is_cuda() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
}

Model::Model(const config::RunConfig& config, const models::DataShape& data, at::Device device)
    : m_plain(models::build(config.model.arch, data, {.dropout = config.model.dropout})),
      m_training(plan::trainingGraph(m_plain, data.task, config.train.labelSmoothing)),
      m_step(plan::lossOnly(m_training, config)),
      m_device(device),
      m_tensors(initialised(m_training, config, device)) {}

std::vector<Parameter> Model::parameters() const {
    std::vector<Parameter> parameters;
    for (const graph::ValueId id : m_training.parameters())
        parameters.push_back({m_training.value(id).name, m_tensors.values[at(id)], m_training.value(id).weightDecay});
    return parameters;
}

std::vector<at::Tensor> Model::weights() const {
    std::vector<at::Tensor> tensors;
    for (const graph::ValueId id : m_training.parameters()) tensors.push_back(m_tensors.values[at(id)]);
    return tensors;
}

std::vector<at::Tensor> Model::buffers() const {
    std::vector<at::Tensor> tensors;
    for (const graph::ValueId id : m_training.buffers()) tensors.push_back(m_tensors.values[at(id)]);
    return tensors;
}

std::vector<NamedTensor> Model::named() const {
    std::vector<NamedTensor> tensors;
    for (const auto& ids : {m_training.parameters(), m_training.buffers()})
        for (const graph::ValueId id : ids) tensors.push_back({m_training.value(id).name, m_tensors.values[at(id)]});
    std::ranges::sort(tensors, {}, &NamedTensor::name);
    return tensors;
}

std::vector<at::Tensor> Model::gradients() const {
    std::vector<at::Tensor> gradients;
    for (const graph::ValueId id : m_training.parameters()) {
        const at::Tensor& gradient = m_tensors.gradients[at(id)];
        gradients.push_back(gradient.defined() ? gradient : at::zeros_like(m_tensors.values[at(id)]));
    }
    return gradients;
}

void Model::dropGradients() {
    for (at::Tensor& gradient : m_tensors.gradients) gradient.reset();
}

run::TensorSet Model::with(const std::vector<at::Tensor>& values) const {
    run::TensorSet set{m_tensors.values, {}};
    set.gradients.resize(m_tensors.gradients.size());
    auto value = values.begin();
    for (const auto& ids : {m_training.parameters(), m_training.buffers()})
        for (const graph::ValueId id : ids) set.values[at(id)] = *value++;
    return set;
}

std::string sha256Of(const std::vector<NamedTensor>& tensors) {
    Sha256 hash;
    for (const auto& [name, tensor, outside] : tensors) {
        hash.update(std::as_bytes(std::span(name.data(), name.size() + 1)));  // with its end: names cannot run together
        const std::vector<std::int64_t> shape = tensor.sizes().vec();
        hash.update(std::as_bytes(std::span(shape)));
        hash.update(tensor::toBytes(tensor));
    }
    return hash.hex();
}

}  // namespace headroom::train
