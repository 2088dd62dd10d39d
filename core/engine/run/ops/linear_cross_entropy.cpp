// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear_cross_entropy.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

#include <algorithm>

#include "engine/run/ops/cross_entropy.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

enum Extra : std::size_t { kOfX, kOfWeight, kOfBias };

/// One pass over the chunks: the loss, and in training the gradients for an upstream gradient of one.
class Chunks {
public:
    explicit Chunks(KernelContext& context)
        : m_context(context), m_type(productType(context.inputs[0])),
          m_sumType(m_type == at::kDouble ? at::kDouble : at::kFloat), m_x(context.inputs[0]), m_weight(as(context.inputs[1], m_type)),
          m_targets(flatTargets(context.inputs[2])), m_options{context.node.real("label_smoothing", 0)},
          m_transB(context.node.integer("transB", 0) != 0) {
        if (context.inputs.size() > 3) m_bias = as(context.inputs[3], m_type);
    }

    void run() {
        if (m_context.training) placeGradients();
        const std::int64_t rows = m_x.size(0), classes = m_weight.size(m_transB ? 0 : 1);
        const std::int64_t step = graph::chunkRows(rows, m_x.size(1), classes);
        at::Tensor loss;
        for (std::int64_t from = 0; from < rows; from += step) {
            const at::Tensor sum = chunk(from, std::min(step, rows - from));
            loss = loss.defined() ? loss.add_(sum) : sum;
        }
        m_context.outputs[0] = as(loss, m_sumType);
    }

private:
    void placeGradients() {
        std::span<at::Tensor> extras = m_context.extras;
        extras[kOfX] = emptyLike(m_x);
        extras[kOfWeight] = tensor::emptyInLayout(m_weight.sizes(), m_sumType, m_x.device());
        if (m_bias.defined()) extras[kOfBias] = tensor::emptyInLayout(m_bias.sizes(), m_sumType, m_x.device());
    }

    at::Tensor chunk(std::int64_t from, std::int64_t rows) {
        const at::Tensor x = as(m_x.narrow(0, from, rows), m_type), targets = m_targets.narrow(0, from, rows);
        const at::Tensor logits = logitsOf(x);
        const RowLosses losses = crossEntropy(logits, targets, m_options);
        if (!m_context.training) return losses.sum;
        crossEntropyGradient(logits, targets, m_options, losses.logSumExp, {}, logits);
        const at::Tensor gradient = as(logits, m_type);
        at::Tensor place = m_context.extras[kOfX].narrow(0, from, rows);
        const at::Tensor across = m_transB ? m_weight : m_weight.t();
        if (place.scalar_type() == m_type)
            at::mm_out(place, gradient, across);
        else
            place.copy_(at::mm(gradient, across));
        addToParameters(x, gradient, from == 0);
        return losses.sum;
    }

    at::Tensor logitsOf(const at::Tensor& x) const {
        const at::Tensor weight = m_transB ? m_weight.t() : m_weight;
        return as(m_bias.defined() ? at::addmm(m_bias, x, weight) : at::mm(x, weight), m_x.scalar_type());
    }

    void addToParameters(const at::Tensor& x, const at::Tensor& gradient, bool isFirst) {
        at::Tensor& sum = m_context.extras[kOfWeight];
        const at::Tensor left = m_transB ? gradient.t() : x.t(), right = m_transB ? x : gradient;
        if (sum.scalar_type() != m_type)
            isFirst ? sum.copy_(at::mm(left, right)) : sum.add_(at::mm(left, right));
        else
            isFirst ? at::mm_out(sum, left, right) : sum.addmm_(left, right);
        if (!m_bias.defined()) return;
        const at::Tensor columns = at::sum(gradient, {0}, false, m_sumType);
        isFirst ? m_context.extras[kOfBias].copy_(columns) : m_context.extras[kOfBias].add_(columns);
    }

    KernelContext& m_context;
    const at::ScalarType m_type;     ///< of the products
    const at::ScalarType m_sumType;  ///< of the loss and of the parameters' gradients: at least fp32
    const at::Tensor m_x, m_weight, m_targets;
    at::Tensor m_bias;
    const CrossEntropyOptions m_options;
    const bool m_transB;
};

void forward(KernelContext& context) { Chunks(context).run(); }

/// On the CPU a number, so that no operand is converted; elsewhere a tensor, so that nobody waits for the device.
void scale(at::Tensor& gradient, const at::Tensor& factor) {
    factor.is_cpu() ? gradient.mul_(factor.item<double>()) : gradient.mul_(factor);
}

void backward(KernelContext& context) {
    constexpr std::size_t kInputs[] = {0, 1, 3};  // by extra
    for (std::size_t extra = 0; extra < context.extras.size(); ++extra) {
        const std::size_t input = kInputs[extra];
        if (!context.wantsGradient[input]) continue;
        scale(context.extras[extra], context.outputGradients[0]);
        context.inputGradients[input] = context.extras[extra];
    }
}

}  // namespace

const Kernel kLinearCrossEntropyKernel{&graph::kLinearCrossEntropy, forward, backward};

}  // namespace headroom::run
