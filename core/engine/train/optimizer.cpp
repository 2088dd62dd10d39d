// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/errors/error.h"
#include "base/plan/optimizer_state.h"
#include "engine/tensor/memory.h"
#include "engine/train/compact_optimizer.h"
#include "engine/train/gradients.h"

namespace headroom::train {
namespace {

using Tensors = std::vector<at::Tensor>;

/// Parameters that share the weight decay: one call of a fused kernel each.
struct Group {
    double decay = 0;
    std::vector<std::size_t> members;  ///< places in the list of parameters
};

std::vector<Group> groupsOf(const std::vector<Parameter>& parameters, double decay) {
    std::array<Group, 2> both{Group{decay, {}}, Group{0, {}}};
    for (std::size_t i = 0; i < parameters.size(); ++i) both[parameters[i].decays ? 0 : 1].members.push_back(i);
    std::vector<Group> groups;
    for (Group& group : both)
        if (!group.members.empty()) groups.push_back(std::move(group));
    return groups;
}

/// All elements in the order of memory. The fused kernels copy tensors that are not contiguous, which convolution kernels
/// are not; seen flat, nothing is allocated in the middle of an update.
at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

Tensors pick(const Group& group, const Tensors& all) {
    Tensors picked;
    if (all.empty()) return picked;
    picked.reserve(group.members.size());
    for (const std::size_t i : group.members) picked.push_back(flat(all[i]));
    return picked;
}

Tensors valuesOf(const std::vector<Parameter>& parameters) {
    Tensors values;
    for (const Parameter& parameter : parameters) values.push_back(parameter.value);
    return values;
}

Tensors zerosLike(const std::vector<Parameter>& parameters) {
    const tensor::MemoryScope scope(plan::Kind::Optimizer);
    Tensors zeros;
    for (const Parameter& parameter : parameters) zeros.push_back(at::zeros_like(parameter.value));
    return zeros;
}

/// The count of updates as the fused kernel takes it.
at::Tensor counter(at::Device device) {
    const tensor::MemoryScope scope(plan::Kind::Optimizer);
    return at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device));
}

/// Adds 1 without an allocation; LibTorch's sum with a number makes a tensor of it on the CPU.
void countUp(const at::Tensor& counter) {
    if (counter.is_cpu())
        *counter.mutable_data_ptr<float>() += 1;
    else
        at::_foreach_add_({counter}, 1);
}

void append(std::vector<NamedTensor>& state, std::string_view kind, const std::vector<Parameter>& parameters,
            const Tensors& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i)
        state.push_back({std::string(kind) + "." + parameters[i].name, tensors[i]});
}

/// What LibTorch's fused kernels have in common: they update a group of parameters at once.
class FusedOptimizer : public Optimizer {
public:
    FusedOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters)
        : m_options(options), m_parameters(std::move(parameters)), m_values(valuesOf(m_parameters)),
          m_groups(groupsOf(m_parameters, options.weightDecay)) {}

    void step(const Tensors& gradients, double rate) override {
        const Tensors laidOut = laidOutAs(gradients, m_values);
        begin(rate);
        for (const Group& group : m_groups) update(group, pick(group, laidOut));
    }
    void begin(double rate) override { m_rate = rate; }
    void update(std::size_t parameter, const at::Tensor& gradient) override {
        const Tensors laidOut = laidOutAs({gradient}, {m_values[parameter]});
        update({m_parameters[parameter].decays ? m_options.weightDecay : 0, {parameter}}, {flat(laidOut.front())});
    }

protected:
    virtual void update(const Group& group, const Tensors& gradients) = 0;

    const config::RunConfig::Optimizer m_options;
    const std::vector<Parameter> m_parameters;
    const Tensors m_values;
    double m_rate = 0;

private:
    const std::vector<Group> m_groups;
};

class AdamW : public FusedOptimizer {
public:
    AdamW(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters)
        : FusedOptimizer(options, std::move(parameters)), m_first(zerosLike(m_parameters)), m_second(zerosLike(m_parameters)),
          m_step(counter(m_values.at(0).device())) {}
    std::string_view name() const override { return "adamw"; }

    using FusedOptimizer::update;
    void begin(double rate) override {
        FusedOptimizer::begin(rate);
        countUp(m_step);
    }

    std::vector<NamedTensor> state() const override {
        std::vector<NamedTensor> state;
        append(state, "exp_avg", m_parameters, m_first);
        append(state, "exp_avg_sq", m_parameters, m_second);
        state.push_back({"step", m_step});
        return state;
    }

private:
    void update(const Group& group, const Tensors& gradients) override {
        at::_fused_adamw_(pick(group, m_values), gradients, pick(group, m_first), pick(group, m_second), {},
                          Tensors(group.members.size(), m_step), m_rate, m_options.beta1, m_options.beta2, group.decay,
                          m_options.eps, /*amsgrad=*/false, /*maximize=*/false);
    }

    const Tensors m_first, m_second;
    const at::Tensor m_step;  ///< updates done, the same for all parameters
};

class Sgd : public FusedOptimizer {
public:
    Sgd(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters)
        : FusedOptimizer(options, std::move(parameters)),
          m_momentum(options.momentum != 0 ? zerosLike(m_parameters) : Tensors{}) {}
    std::string_view name() const override { return "sgd"; }

    using FusedOptimizer::update;
    std::vector<NamedTensor> state() const override {
        std::vector<NamedTensor> state;
        append(state, "momentum", m_parameters, m_momentum);
        return state;
    }

private:
    void update(const Group& group, const Tensors& gradients) override {
        // A momentum of zeros makes the first step like every other one.
        at::_fused_sgd_(pick(group, m_values), gradients, pick(group, m_momentum), group.decay, m_options.momentum, m_rate,
                        /*dampening=*/0, m_options.nesterov, /*maximize=*/false, /*is_first_step=*/false);
    }

    const Tensors m_momentum;
};

bool isCompact(const config::RunConfig::Optimizer& options, const std::vector<Parameter>& parameters) {
    return plan::stateFormat(options) != plan::StateFormat::Fp32 ||
           std::ranges::any_of(parameters, [](const Parameter& each) { return each.value.scalar_type() == at::kBFloat16; });
}

}  // namespace

std::unique_ptr<Optimizer> makeOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters,
                                         std::uint64_t seed) {
    if (options.name != "adamw" && options.name != "sgd")
        throw Error(Failure{Code::Cfg04, "train.optimizer.name", "unknown optimizer", options.name, "adamw, sgd", {}});
    if (isCompact(options, parameters)) return makeCompactOptimizer(options, std::move(parameters), seed);
    if (options.name == "adamw") return std::make_unique<AdamW>(options, std::move(parameters));
    return std::make_unique<Sgd>(options, std::move(parameters));
}

}  // namespace headroom::train
