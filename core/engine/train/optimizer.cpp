// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

#include "base/errors/error.h"
#include "base/plan/optimizer_state.h"
#include "engine/tensor/memory.h"
#include "engine/train/compact_optimizer.h"
#include "engine/train/gradients.h"
#include "engine/train/optimizer_moment.h"

namespace headroom::train {
namespace {

using Tensors = std::vector<at::Tensor>;

/// Parameters that share the weight decay and the rate: one call of a fused kernel each.
struct Group {
    double decay = 0, rate = 1;
    std::vector<std::size_t> members;  ///< places in the list of parameters
};

std::vector<Group> groupsOf(const std::vector<Parameter>& parameters, double decay) {
    std::vector<Group> groups;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Group own{parameters[i].decays ? decay : 0, parameters[i].rate, {}};
        auto found = std::ranges::find_if(groups, [&](const Group& each) { return each.decay == own.decay && each.rate == own.rate; });
        if (found == groups.end()) found = groups.insert(groups.end(), own);
        found->members.push_back(i);
    }
    return groups;
}

/// All elements in the order of memory. The fused kernels copy tensors that are not contiguous, which convolution kernels
/// are not; seen flat, nothing is allocated in the middle of an update.
at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

Tensors valuesOf(const std::vector<Parameter>& parameters) {
    Tensors values;
    for (const Parameter& parameter : parameters) values.push_back(parameter.value);
    return values;
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

/// What LibTorch's fused kernels have in common: they update a group of parameters at once. The state is fp32.
class FusedOptimizer : public Optimizer {
public:
    FusedOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters, std::vector<std::string_view> moments,
                   std::unique_ptr<tensor::OutsideMemory> outside)
        : m_options(options), m_parameters(std::move(parameters)), m_values(valuesOf(m_parameters)),
          m_groups(groupsOf(m_parameters, options.weightDecay)), m_momentNames(std::move(moments)), m_outside(std::move(outside)),
          m_moments(m_parameters.size()) {
        for (std::size_t i = 0; i < m_values.size(); ++i)
            for (std::size_t k = 0; k < m_momentNames.size(); ++k)
                m_moments[i].emplace_back(m_values[i], plan::StateFormat::Fp32, run::simd::Levels::Signed, /*key=*/0, m_outside.get());
    }

    void step(const Tensors& gradients, double rate) override {
        const Tensors laidOut = laidOutAs(gradients, m_values);
        begin(rate);
        if (m_outside)
            for (std::size_t i = 0; i < laidOut.size(); ++i) updateOne(i, laidOut[i]);
        else
            for (const Group& group : m_groups) updateGroup(group, laidOut);
    }
    void begin(double rate) override { m_rate = rate; }
    void update(std::size_t parameter, const at::Tensor& gradient) override {
        updateOne(parameter, laidOutAs({gradient}, {m_values[parameter]}).front());
    }
    std::vector<NamedTensor> state() const override {
        std::vector<NamedTensor> state;
        for (std::size_t k = 0; k < m_momentNames.size(); ++k)
            for (std::size_t i = 0; i < m_parameters.size(); ++i)
                state.push_back({std::string(m_momentNames[k]) + "." + m_parameters[i].name, m_moments[i][k].numbers(), m_moments[i][k].outside()});
        return state;
    }

protected:
    /// Tensors of one length each, a list a moment.
    virtual void apply(double decay, double rate, const Tensors& values, const Tensors& gradients, const std::vector<Tensors>& moments) = 0;

    const config::RunConfig::Optimizer m_options;
    const std::vector<Parameter> m_parameters;
    const Tensors m_values;
    double m_rate = 0;

private:
    void updateGroup(const Group& group, const Tensors& laidOut) {
        Tensors values, gradients;
        std::vector<Tensors> moments(m_momentNames.size());
        for (const std::size_t i : group.members) {
            values.push_back(flat(m_values[i]));
            gradients.push_back(flat(laidOut[i]));
            for (std::size_t k = 0; k < moments.size(); ++k) moments[k].push_back(flat(m_moments[i][k].numbers()));
        }
        apply(group.decay, group.rate * m_rate, values, gradients, moments);
    }

    void updateOne(std::size_t parameter, const at::Tensor& gradient) {
        const double decay = m_parameters[parameter].decays ? m_options.weightDecay : 0;
        const std::vector<OptimizerMoment>& all = m_moments[parameter];
        inPieces(all, gradient.numel(), [&](std::int64_t first, std::int64_t count) {
            const auto piece = [&](const at::Tensor& tensor) { return flat(tensor).narrow(0, first, count); };
            std::vector<Tensors> moments;
            for (const OptimizerMoment& each : all) moments.push_back({piece(each.numbers())});
            apply(decay, m_parameters[parameter].rate * m_rate, {piece(m_values[parameter])}, {piece(gradient)}, moments);
        });
    }

    const std::vector<Group> m_groups;
    const std::vector<std::string_view> m_momentNames;
    const std::unique_ptr<tensor::OutsideMemory> m_outside;  ///< before the tensors that lie in it
    std::vector<std::vector<OptimizerMoment>> m_moments;     ///< by parameter
};

class AdamW : public FusedOptimizer {
public:
    AdamW(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters, std::unique_ptr<tensor::OutsideMemory> outside)
        : FusedOptimizer(options, std::move(parameters), {"exp_avg", "exp_avg_sq"}, std::move(outside)),
          m_step(counter(m_values.at(0).device())) {}
    std::string_view name() const override { return "adamw"; }

    void begin(double rate) override {
        FusedOptimizer::begin(rate);
        countUp(m_step);
    }

    std::vector<NamedTensor> state() const override {
        std::vector<NamedTensor> state = FusedOptimizer::state();
        state.push_back({"step", m_step});
        return state;
    }

private:
    void apply(double decay, double rate, const Tensors& values, const Tensors& gradients, const std::vector<Tensors>& moments) override {
        at::_fused_adamw_(values, gradients, moments[0], moments[1], {}, Tensors(values.size(), m_step), rate, m_options.beta1,
                          m_options.beta2, decay, m_options.eps, /*amsgrad=*/false, /*maximize=*/false);
    }

    const at::Tensor m_step;  ///< updates done, the same for all parameters
};

class Sgd : public FusedOptimizer {
public:
    Sgd(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters, std::unique_ptr<tensor::OutsideMemory> outside)
        : FusedOptimizer(options, std::move(parameters), options.momentum != 0 ? std::vector<std::string_view>{"momentum"} : std::vector<std::string_view>{},
                         std::move(outside)) {}
    std::string_view name() const override { return "sgd"; }

private:
    void apply(double decay, double rate, const Tensors& values, const Tensors& gradients, const std::vector<Tensors>& moments) override {
        // A momentum of zeros makes the first step like every other one.
        at::_fused_sgd_(values, gradients, moments.empty() ? Tensors{} : moments[0], decay, m_options.momentum, rate,
                        /*dampening=*/0, m_options.nesterov, /*maximize=*/false, /*is_first_step=*/false);
    }
};

bool isCompact(const config::RunConfig::Optimizer& options, const std::vector<Parameter>& parameters) {
    return plan::stateFormat(options) != plan::StateFormat::Fp32 ||
           std::ranges::any_of(parameters, [](const Parameter& each) { return each.value.scalar_type() == at::kBFloat16; });
}

}  // namespace

std::unique_ptr<Optimizer> makeOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters,
                                         std::uint64_t seed, std::unique_ptr<tensor::OutsideMemory> outside) {
    if (options.name != "adamw" && options.name != "sgd")
        throw Error(Failure{Code::Cfg04, "train.optimizer.name", "unknown optimizer", options.name, "adamw, sgd", {}});
    if (isCompact(options, parameters)) return makeCompactOptimizer(options, std::move(parameters), seed, std::move(outside));
    if (options.name == "adamw") return std::make_unique<AdamW>(options, std::move(parameters), std::move(outside));
    return std::make_unique<Sgd>(options, std::move(parameters), std::move(outside));
}

}  // namespace headroom::train
