// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/recurrent.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/celu.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

struct Activation {
    std::string name;
    double alpha, beta;

    at::Tensor operator()(T x) const {
        if (name == "Sigmoid") return x.sigmoid();
        if (name == "Tanh") return x.tanh();
        if (name == "Relu") return x.relu();
        if (name == "LeakyRelu") return at::leaky_relu(x, alpha);
        if (name == "ThresholdedRelu") return at::where(x > alpha, x, at::zeros_like(x));
        if (name == "HardSigmoid") return (x * alpha + beta).clamp(0, 1);
        if (name == "Elu") return at::elu(x, alpha);
        if (name == "Softsign") return x / (x.abs() + 1);
        if (name == "Softplus") return at::softplus(x);
        if (name == "ScaledTanh") return (x * beta).tanh() * alpha;
        return x * alpha + beta;  // Affine
    }
};

double alphaOf(const std::string& name) { return name == "HardSigmoid" ? 0.2 : name == "LeakyRelu" ? 0.01 : 1; }
double betaOf(const std::string& name) { return name == "HardSigmoid" ? 0.5 : 0; }

/// What one step of one direction reads; gates lie one after the other in W, R and the biases.
struct Layer {
    at::Tensor w, r, inputBias, stateBias, peepholes;
    std::vector<Activation> activations;
    double clip;
    bool linearBeforeReset, coupled;
    std::int64_t hidden;

    at::Tensor act(std::size_t which, T x) const { return activations[which](clip > 0 ? x.clamp(-clip, clip) : x); }
    at::Tensor gate(T all, std::int64_t which) const { return all.narrow(1, which * hidden, hidden); }
};

struct State {
    at::Tensor h, c;
};

State rnnStep(const Layer& layer, T x, const State& state) {
    return {layer.act(0, x + layer.inputBias + state.h.matmul(layer.r.t()) + layer.stateBias), {}};
}

/// Gates z, r, h (arXiv 1406.1078).
State gruStep(const Layer& layer, T x, const State& state) {
    const at::Tensor input = x + layer.inputBias, fromState = state.h.matmul(layer.r.t()) + layer.stateBias;
    const at::Tensor z = layer.act(0, layer.gate(input, 0) + layer.gate(fromState, 0));
    const at::Tensor r = layer.act(0, layer.gate(input, 1) + layer.gate(fromState, 1));
    const at::Tensor kernel = layer.r.narrow(0, 2 * layer.hidden, layer.hidden);
    const at::Tensor reset = layer.linearBeforeReset ? r * layer.gate(fromState, 2)
                                                     : (r * state.h).matmul(kernel.t()) + layer.stateBias.narrow(0, 2 * layer.hidden, layer.hidden);
    const at::Tensor candidate = layer.act(1, layer.gate(input, 2) + reset);
    return {(1 - z) * candidate + z * state.h, {}};
}

/// Gates i, o, f, c, with peepholes from the cell where they are there.
State lstmStep(const Layer& layer, T x, const State& state) {
    const at::Tensor all = x + layer.inputBias + state.h.matmul(layer.r.t()) + layer.stateBias;
    const auto peep = [&](std::int64_t which, T cell) { return cell * layer.peepholes.narrow(0, which * layer.hidden, layer.hidden); };
    const at::Tensor i = layer.act(0, layer.gate(all, 0) + peep(0, state.c));
    const at::Tensor f = layer.coupled ? 1 - i : layer.act(0, layer.gate(all, 2) + peep(2, state.c));
    const at::Tensor cell = f * state.c + i * layer.act(1, layer.gate(all, 3));
    const at::Tensor o = layer.act(0, layer.gate(all, 1) + peep(1, cell));
    return {o * layer.activations[2](cell), cell};
}

using Step = State (*)(const Layer&, T, const State&);

/// Runs all directions; outputs are stacked as [sequence, directions, batch, hidden] and [directions, batch, hidden].
class Recurrence {
public:
    Recurrence(KernelContext& context, Step step, std::int64_t gates, std::vector<std::string> standard)
        : m_context(context), m_step(step), m_gates(gates), m_standard(std::move(standard)), m_batchFirst(context.node.integer("layout", 0) != 0),
          m_hidden(context.inputTypes[2]->shape[2]), m_type(wideType(productType(context.inputs[0]))) {
        const at::Tensor x = as(context.inputs[0], m_type);
        m_x = m_batchFirst ? x.transpose(0, 1) : x;
        if (isPresent(context, 4)) m_lengths = context.inputs[4].to(at::kLong).unsqueeze(1);
    }

    void run() {
        const std::string direction = m_context.node.text("direction", "forward");
        const std::int64_t directions = m_context.inputTypes[1]->shape[0];
        std::vector<at::Tensor> all, last, cells;
        for (std::int64_t d = 0; d < directions; ++d) {
            State state{initial(5, d), initial(6, d)};
            all.push_back(walk(layerOf(d), direction == "reverse" || d == 1, state));
            last.push_back(state.h);
            cells.push_back(state.c);
        }
        put(0, at::stack(all, 1), {2, 0, 1, 3});
        put(1, at::stack(last), {1, 0, 2});
        if (m_context.outputs.size() > 2) put(2, at::stack(cells), {1, 0, 2});
    }

private:
    void put(std::size_t output, T made, at::IntArrayRef batchFirst) {
        m_context.outputs[output] = owned(m_context, m_batchFirst ? made.permute(batchFirst) : made, output);
    }
    at::Tensor typed(std::size_t input, std::int64_t direction) const { return as(m_context.inputs[input], m_type).select(0, direction); }

    at::Tensor initial(std::size_t input, std::int64_t direction) const {
        if (!isPresent(m_context, input) || (input == 6 && m_context.node.op->outputs < 3)) return at::zeros({m_x.size(1), m_hidden}, m_x.options());
        const at::Tensor all = as(m_context.inputs[input], m_type);
        return m_batchFirst ? all.select(1, direction) : all.select(0, direction);
    }

    Layer layerOf(std::int64_t direction) const {
        const graph::Node& node = m_context.node;
        Layer layer{typed(1, direction), typed(2, direction), {}, {}, at::zeros({3 * m_hidden}, m_x.options()), {}, node.real("clip", 0),
                    node.integer("linear_before_reset", 0) != 0, node.integer("input_forget", 0) != 0, m_hidden};
        const at::Tensor bias = isPresent(m_context, 3) ? typed(3, direction) : at::zeros({2 * m_gates * m_hidden}, m_x.options());
        layer.inputBias = bias.narrow(0, 0, m_gates * m_hidden);
        layer.stateBias = bias.narrow(0, m_gates * m_hidden, m_gates * m_hidden);
        if (isPresent(m_context, 7)) layer.peepholes = typed(7, direction);
        const auto names = node.texts("activations", {});
        const auto alphas = node.reals("activation_alpha", {}), betas = node.reals("activation_beta", {});
        for (std::size_t k = 0; k < m_standard.size(); ++k) {
            const std::size_t at = static_cast<std::size_t>(direction) * m_standard.size() + k;
            const std::string& name = at < names.size() ? names[at] : m_standard[k];
            layer.activations.push_back({name, at < alphas.size() ? alphas[at] : alphaOf(name), at < betas.size() ? betas[at] : betaOf(name)});
        }
        return layer;
    }

    /// Sequences that are over keep their state, and give zeros.
    at::Tensor walk(const Layer& layer, bool backwards, State& state) const {
        const std::int64_t length = m_x.size(0);
        std::vector<at::Tensor> made(static_cast<std::size_t>(length));
        const at::Tensor products = m_x.matmul(layer.w.t());
        for (std::int64_t k = 0; k < length; ++k) {
            const std::int64_t t = backwards ? length - 1 - k : k;
            State next = m_step(layer, products.select(0, t), state);
            at::Tensor output = next.h;
            if (m_lengths.defined()) {
                const at::Tensor open = m_lengths > t;
                output = at::where(open, next.h, at::zeros_like(next.h));
                next.h = at::where(open, next.h, state.h);
                if (next.c.defined()) next.c = at::where(open, next.c, state.c);
            }
            if (!next.c.defined()) next.c = state.c;
            state = next;
            made[static_cast<std::size_t>(t)] = output;
        }
        return at::stack(made);
    }

    KernelContext& m_context;
    Step m_step;
    std::int64_t m_gates;
    std::vector<std::string> m_standard;
    bool m_batchFirst;
    std::int64_t m_hidden;
    at::ScalarType m_type;
    at::Tensor m_x, m_lengths;
};

}  // namespace

std::vector<Kernel> recurrentKernels() {
    return {{operatorNamed("RNN"), [](KernelContext& c) { Recurrence(c, rnnStep, 1, {"Tanh"}).run(); }, nullptr},
            {operatorNamed("GRU"), [](KernelContext& c) { Recurrence(c, gruStep, 3, {"Sigmoid", "Tanh"}).run(); }, nullptr},
            {operatorNamed("LSTM"), [](KernelContext& c) { Recurrence(c, lstmStep, 4, {"Sigmoid", "Tanh", "Tanh"}).run(); }, nullptr}};
}

}  // namespace headroom::run
