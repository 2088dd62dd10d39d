// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model.h"

#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "base/errors/error.h"
#include "base/models/layer_rates.h"
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

Model::Model(const config::RunConfig& config, const models::Basis& basis, at::Device device, const FirstWeights& first)
    : m_plain(plan::netOf(config, basis)),
      m_training(plan::trainingGraph(plan::trainedPart(m_plain, config), basis.shape.task, config.train.labelSmoothing)),
      m_step(plan::lossOnly(m_training, config)),
      m_device(device),
      m_layerDecay(config.train.layerDecay),
      m_tensors(initialised(m_training, config, device)) {
    if (config.train.cacheFeatures) keepRest(config);
    if (first) take(first(m_plain));
}

/// Weights of the part that made the features: the run's checkpoints hold the whole net.
void Model::keepRest(const config::RunConfig& config) {
    run::TensorSet all = initialised(m_plain, config, at::kCPU);
    for (const auto& ids : {m_plain.parameters(), m_plain.buffers()})
        for (const graph::ValueId id : ids)
            if (m_training.find(m_plain.value(id).name) == graph::kNone) m_rest.push_back({m_plain.value(id).name, all.values[at(id)]});
}

void Model::take(const std::vector<graph::HostTensor>& weights) {
    for (const graph::HostTensor& each : weights) {
        const at::Tensor own = find(each.name);
        if (!own.defined()) continue;  // of a part that this net does without
        if (own.sizes() != at::IntArrayRef(each.shape))
            throw Error(Failure{Code::Cfg09, "model.file", "weights have another shape", escaped(each.name), toString(m_plain.value(m_plain.find(each.name)).type.shape),
                                "Choose the file that belongs to this net."});
        own.copy_(tensor::fromBytes(each.dtype, each.shape, each.data));
    }
}

at::Tensor Model::find(const std::string& name) const {
    if (const graph::ValueId id = m_training.find(name); id != graph::kNone) return m_tensors.values[at(id)];
    const auto rest = std::ranges::find(m_rest, name, &NamedTensor::name);
    return rest == m_rest.end() ? at::Tensor() : rest->tensor;
}

std::vector<Parameter> Model::parameters() const {
    std::vector<Parameter> parameters;
    const std::vector<double> rates = models::layerRates(m_training, m_layerDecay);
    for (const graph::ValueId id : m_training.trained())
        parameters.push_back({m_training.value(id).name, m_tensors.values[at(id)], m_training.value(id).weightDecay, rates[at(id)]});
    return parameters;
}

std::vector<at::Tensor> Model::weights() const {
    std::vector<at::Tensor> tensors;
    for (const graph::ValueId id : m_training.trained()) tensors.push_back(m_tensors.values[at(id)]);
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
        for (const graph::ValueId id : ids) tensors.push_back({m_training.value(id).name, m_tensors.values[at(id)], nullptr, m_training.value(id).frozen});
    tensors.insert(tensors.end(), m_rest.begin(), m_rest.end());
    std::ranges::sort(tensors, {}, &NamedTensor::name);
    return tensors;
}

std::vector<at::Tensor> Model::gradients() const {
    std::vector<at::Tensor> gradients;
    for (const graph::ValueId id : m_training.trained()) {
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
    for (const auto& ids : {m_training.trained(), m_training.buffers()})
        for (const graph::ValueId id : ids) set.values[at(id)] = *value++;
    return set;
}

std::string sha256Of(const std::vector<NamedTensor>& tensors) {
    Sha256 hash;
    for (const NamedTensor& each : tensors) {
        hash.update(std::as_bytes(std::span(each.name.data(), each.name.size() + 1)));  // with its end: names cannot run together
        const std::vector<std::int64_t> shape = each.tensor.sizes().vec();
        hash.update(std::as_bytes(std::span(shape)));
        hash.update(tensor::toBytes(each.tensor));
    }
    return hash.hex();
}

}  // namespace headroom::train
