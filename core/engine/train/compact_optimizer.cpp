// SPDX-License-Identifier: Apache-2.0
#include "engine/train/compact_optimizer.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/cuda/block_update.h"
#include "engine/data/random.h"
#include "engine/run/device.h"
#include "engine/run/ops/support.h"
#include "engine/tensor/memory.h"
#include "engine/train/gradients.h"
#include "engine/train/optimizer_moment.h"

namespace headroom::train {
namespace {

using plan::kStateBlock;
using run::elements;
using run::simd::BFloat;
using run::simd::Levels;

constexpr std::int64_t kBlocksAThread = 16;

/// A parameter with what is remembered of it.
struct Tracked {
    Parameter parameter;
    std::vector<OptimizerMoment> moments;
    std::uint64_t key;  ///< of the random roundings of its weights
};

std::uint64_t keyOf(std::uint64_t seed, const std::string& name, int use) {
    std::uint64_t key = data::draw(seed, data::Stream::Rounding, use);
    for (const char c : name) key = data::draw(key, data::Stream::Rounding, static_cast<unsigned char>(c));
    return key;
}

Tracked tracked(const config::RunConfig::Optimizer& options, Parameter parameter, std::uint64_t seed, tensor::OutsideMemory* outside) {
    const plan::StateFormat format = plan::stateFormat(options);
    Tracked made{std::move(parameter), {}, 0};
    made.key = keyOf(seed, made.parameter.name, 0);
    const auto add = [&](Levels kind, int use) {
        made.moments.emplace_back(made.parameter.value, format, kind, keyOf(seed, made.parameter.name, use), outside);
    };
    if (options.name == "adamw" || options.momentum != 0) add(Levels::Signed, 1);
    if (options.name == "adamw") add(Levels::Unsigned, 2);
    return made;
}

at::Tensor zeroCounter() {
    const tensor::MemoryScope scope(plan::Kind::Optimizer);
    return at::zeros({}, at::kFloat);
}

/// The rule of one update: AdamW's numbers or SGD's.
struct Rule {
    bool isAdamw = true;
    run::simd::AdamwUpdate adamw{};
    run::simd::SgdUpdate sgd{};
};

Rule ruleOf(const config::RunConfig::Optimizer& options, double decay, double rate, std::uint64_t step) {
    const auto number = [](double value) { return static_cast<float>(value); };
    if (options.name == "sgd") return {false, {}, {number(rate), number(options.momentum), number(decay), options.nesterov}};
    const double count = static_cast<double>(step);
    const double first = 1 - std::pow(options.beta1, count), second = 1 - std::pow(options.beta2, count);
    return {true,
            {number(1 - rate * decay), number(1 - options.beta1), number(options.beta2), number(1 - options.beta2),
             number(rate / first), number(1 / std::sqrt(second)), number(options.eps)},
            {}};
}

/// fp32 copies of one block of what is not fp32.
struct Scratch {
    float value[kStateBlock], gradient[kStateBlock], moments[2][kStateBlock];
};

/// Numbers of a block: in place where they are fp32, else widened.
float* opened(const at::Tensor& tensor, std::int64_t first, std::int64_t count, float* scratch) {
    if (tensor.scalar_type() == at::kFloat) return elements<float>(tensor) + first;
    run::simd::table<BFloat>().widen(elements<BFloat>(tensor) + first, count, scratch, 1, count);
    return scratch;
}

void updateBlock(const Tracked& each, const at::Tensor& gradient, const Rule& rule, std::uint64_t step, std::int64_t block) {
    Scratch scratch;
    const std::int64_t first = block * kStateBlock, count = std::min(kStateBlock, each.parameter.value.numel() - first);
    float* const value = opened(each.parameter.value, first, count, scratch.value);
    const float* const slope = opened(gradient, first, count, scratch.gradient);
    float* numbers[2] = {};
    for (std::size_t k = 0; k < each.moments.size(); ++k) numbers[k] = each.moments[k].open(block, count, scratch.moments[k]);
    const run::simd::UpdateLoops& loops = run::simd::tables().update;
    if (rule.isAdamw)
        loops.adamw(value, slope, numbers[0], numbers[1], count, rule.adamw);
    else
        loops.sgd(value, slope, numbers[0], count, rule.sgd);
    for (std::size_t k = 0; k < each.moments.size(); ++k) each.moments[k].close(block, count, numbers[k], step);
    if (value == scratch.value)
        loops.roundStochastically(value, elements<BFloat>(each.parameter.value) + first, count,
                                  {static_cast<std::uint64_t>(first), step, each.key});
}

void updateOnCpu(const Tracked& each, const at::Tensor& gradient, const Rule& rule, std::uint64_t step) {
    inPieces(each.moments, each.parameter.value.numel(), [&](std::int64_t first, std::int64_t count) {
        const std::int64_t before = first / kStateBlock;
        run::parallel(plan::stateBlocks(count), kBlocksAThread, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t block = begin; block < end; ++block) updateBlock(each, gradient, rule, step, before + block);
        });
    });
}

void updateOnDevice(const Tracked& each, const at::Tensor& gradient, const Rule& rule, std::uint64_t step) {
    const at::Tensor& value = each.parameter.value;
    cuda::BlockUpdate what{.value = value.mutable_data_ptr(),
                           .gradient = gradient.const_data_ptr(),
                           .valueIsBf16 = value.scalar_type() == at::kBFloat16,
                           .gradientIsBf16 = gradient.scalar_type() == at::kBFloat16,
                           .count = value.numel(),
                           .moments = {},
                           .isAdamw = rule.isAdamw,
                           .adamw = rule.adamw,
                           .sgd = rule.sgd,
                           .step = step,
                           .key = each.key};
    for (std::size_t k = 0; k < each.moments.size(); ++k) {
        const OptimizerMoment& moment = each.moments[k];
        float* const scales = moment.scales().defined() ? elements<float>(moment.scales()) : nullptr;
        const int bits = static_cast<int>(8 * moment.numbers().element_size());
        what.moments[k] = {moment.numbers().mutable_data_ptr(), bits, scales, moment.kind(), moment.key()};
    }
    run::deviceUpdate(value, what);
}

class CompactOptimizer : public Optimizer {
public:
    CompactOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters, std::uint64_t seed,
                     std::unique_ptr<tensor::OutsideMemory> outside)
        : m_options(options), m_outside(std::move(outside)), m_count(zeroCounter()) {
        for (Parameter& parameter : parameters) {
            m_values.push_back(parameter.value);
            m_tracked.push_back(tracked(options, std::move(parameter), seed, m_outside.get()));
        }
    }
    std::string_view name() const override { return m_options.name == "sgd" ? "sgd" : "adamw"; }

    void step(const std::vector<at::Tensor>& gradients, double rate) override {
        const std::vector<at::Tensor> laidOut = laidOutAs(gradients, m_values);
        begin(rate);
        for (std::size_t i = 0; i < laidOut.size(); ++i) apply(m_tracked[i], laidOut[i]);
    }

    void begin(double rate) override {
        m_rate = rate;
        *elements<float>(m_count) += 1;
    }

    void update(std::size_t parameter, const at::Tensor& gradient) override {
        apply(m_tracked[parameter], laidOutAs({gradient}, {m_values[parameter]}).front());
    }

    std::vector<NamedTensor> state() const override {
        constexpr std::string_view kAdamw[] = {"exp_avg", "exp_avg_sq"}, kSgd[] = {"momentum"};
        std::vector<NamedTensor> state;
        for (const Tracked& each : m_tracked)
            for (std::size_t k = 0; k < each.moments.size(); ++k) {
                const std::string name = std::string(m_options.name == "sgd" ? kSgd[k] : kAdamw[k]) + "." + each.parameter.name;
                const OptimizerMoment& moment = each.moments[k];
                const bool isCoded = moment.scales().defined();
                state.push_back({isCoded ? name + ".q" : name, moment.numbers(), moment.outside()});
                if (isCoded) state.push_back({name + ".absmax", moment.scales()});
            }
        state.push_back({"step", m_count});
        return state;
    }

private:
    void apply(const Tracked& each, const at::Tensor& gradient) {
        const auto step = static_cast<std::uint64_t>(*elements<float>(m_count));
        const Rule rule = ruleOf(m_options, each.parameter.decays ? m_options.weightDecay : 0, m_rate * each.parameter.rate, step);
        (each.parameter.value.is_cuda() ? updateOnDevice : updateOnCpu)(each, gradient, rule, step);
    }

    config::RunConfig::Optimizer m_options;
    std::unique_ptr<tensor::OutsideMemory> m_outside;  ///< before the tensors that lie in it
    double m_rate = 0;
    std::vector<Tracked> m_tracked;
    std::vector<at::Tensor> m_values;
    at::Tensor m_count;  ///< updates done; on the CPU
};

}  // namespace

std::unique_ptr<Optimizer> makeCompactOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters,
                                                std::uint64_t seed, std::unique_ptr<tensor::OutsideMemory> outside) {
    return std::make_unique<CompactOptimizer>(options, std::move(parameters), seed, std::move(outside));
}

}  // namespace headroom::train
