// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/agreement.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/topk.h>

namespace headroom::deploy {
namespace {

/// Rows whose two best logits of the source lie within `gap` of each other.
at::Tensor ties(const at::Tensor& source, double gap) {
    const at::Tensor best = std::get<0>(source.topk(2, -1));
    return best.select(-1, 0).sub(best.select(-1, 1)).le(gap);
}

}  // namespace

Agreement compare(const at::Tensor& source, const at::Tensor& exported, models::Task task) {
    Agreement agreement;
    agreement.rows = source.size(0);
    agreement.finite = at::isfinite(exported).all().item<bool>();
    agreement.largestLogit = source.abs().max().item<double>();
    agreement.largestDifference = source.sub(exported).abs().max().item<double>();
    if (task == models::Task::Regression || source.size(-1) < 2) return agreement;
    const at::Tensor flipped = source.argmax(-1).ne(exported.argmax(-1));
    const at::Tensor close = ties(source, 2 * Agreement::kTolerance * agreement.largestLogit);
    agreement.flipped = flipped.sum().item<std::int64_t>();
    agreement.flippedBeyondTies = flipped.logical_and(close.logical_not()).sum().item<std::int64_t>();
    return agreement;
}

nlohmann::json quality(const at::Tensor& outputs, const at::Tensor& targets, models::Task task) {
    if (task != models::Task::Regression)
        return {{"accuracy", outputs.argmax(-1).eq(targets.reshape({-1})).to(at::kDouble).mean().item<double>()}};
    const at::Tensor wanted = targets.to(at::kDouble);
    const double error = wanted.sub(outputs.to(at::kDouble)).square().sum().item<double>();
    const double spread = wanted.sub(wanted.mean()).square().sum().item<double>();
    return {{"r2", spread > 0 ? 1 - error / spread : 0}};
}

}  // namespace headroom::deploy
