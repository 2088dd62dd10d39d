// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/agreement.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <limits>

#include "base/json/number.h"
#include "engine/train/evaluation.h"

namespace headroom::deploy {
namespace {

bool allFinite(const at::Tensor& values) { return at::isfinite(values).all().item<bool>(); }

/// Between the two best logits of each row.
at::Tensor gaps(const at::Tensor& logits) {
    const at::Tensor best = std::get<0>(logits.topk(2, -1));
    return best.select(-1, 0).sub(best.select(-1, 1)).to(at::kDouble);
}

}  // namespace

at::Tensor answerRows(const at::Tensor& outputs) {
    return outputs.dim() == 4 ? outputs.permute({0, 2, 3, 1}).reshape({-1, outputs.size(1)}) : outputs;
}

void Agreement::add(const at::Tensor& source, const at::Tensor& exported) {
    if (source.sizes() != exported.sizes() || !allFinite(source) || !allFinite(exported)) m_finite = false;
    m_rows += source.size(0);
    if (!m_finite) m_largestDifference = std::numeric_limits<double>::infinity();
    if (!m_finite || source.numel() == 0) return;
    m_largestLogit = std::max(m_largestLogit, source.abs().max().item<double>());
    m_largestDifference = std::max(m_largestDifference, source.sub(exported).abs().max().item<double>());
    if (m_task == models::Task::Regression || source.size(-1) < 2) return;
    const at::Tensor flipped = gaps(source).masked_select(source.argmax(-1).ne(exported.argmax(-1))).contiguous();
    const double* const first = flipped.const_data_ptr<double>();
    m_gaps.insert(m_gaps.end(), first, first + flipped.numel());
}

std::int64_t Agreement::flippedBeyondTies() const {
    return std::ranges::count_if(m_gaps, [tie = 2 * kTolerance * m_largestLogit](double gap) { return gap > tie; });
}

bool Agreement::holds() const { return m_finite && m_largestDifference <= kTolerance * m_largestLogit && flippedBeyondTies() == 0; }

void Quality::addPixels(const at::Tensor& outputs, const at::Tensor& targets) {
    const at::Tensor seen = train::confusionOf(outputs.argmax(-1), targets.reshape({-1}), outputs.size(-1));
    m_confusion = m_confusion.defined() ? m_confusion.add_(seen) : seen;
}

void Quality::add(const at::Tensor& outputs, const at::Tensor& targets) {
    if (m_task == models::Task::Segmentation) return addPixels(outputs, targets);
    m_rows += static_cast<double>(outputs.size(0));
    if (m_task != models::Task::Regression) {
        m_right += outputs.argmax(-1).eq(targets.reshape({-1})).sum().item<double>();
        return;
    }
    const at::Tensor wanted = targets.to(at::kDouble);
    m_error += wanted.sub(outputs.to(at::kDouble)).square().sum().item<double>();
    m_sum += wanted.sum().item<double>();
    m_squares += wanted.square().sum().item<double>();
}

nlohmann::json Quality::figures() const {
    if (m_confusion.defined()) {
        const train::IouFigures figures = train::iouOf(m_confusion);
        return {{"accuracy", figures.accuracy}, {"miou", figures.mean}};
    }
    if (m_task != models::Task::Regression) return {{"accuracy", m_rows > 0 ? m_right / m_rows : 0}};
    const double spread = m_rows > 0 ? m_squares - m_sum * m_sum / m_rows : 0;
    return {{"r2", json::number<nlohmann::json>(spread > 0 ? 1 - m_error / spread : 0)}};
}

}  // namespace headroom::deploy
