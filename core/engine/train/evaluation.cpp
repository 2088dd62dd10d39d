// SPDX-License-Identifier: Apache-2.0
#include "engine/train/evaluation.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/diagonal.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/masked_select.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace headroom::train {
namespace {

/// Sums over the batches, on the device and in double: read once at the end.
class Sums {
public:
    explicit Sums(at::Device device) {
        const auto options = at::TensorOptions().dtype(at::kDouble).device(device);
        for (at::Tensor* sum : {&m_loss, &m_right, &m_error, &m_target, &m_targetSquares}) *sum = at::zeros({}, options);
    }
    void addLoss(const at::Tensor& loss) { m_loss.add_(loss.sum()); }
    void addClasses(const at::Tensor& logits, const at::Tensor& target) {
        m_right.add_(logits.argmax(-1).eq(target.reshape({-1})).sum());
    }
    /// Of the pixels that count: how many of each class the net takes for each class.
    void addPixels(const at::Tensor& logits, const at::Tensor& target) {
        const at::Tensor seen = confusionOf(logits.argmax(1), target, logits.size(1));
        m_confusion = m_confusion.defined() ? m_confusion.add_(seen) : seen;
    }
    void addValues(const at::Tensor& prediction, const at::Tensor& target) {
        const at::Tensor wanted = target.to(at::kDouble);
        m_error.add_(wanted.sub(prediction.to(at::kDouble)).square().sum());
        m_target.add_(wanted.sum());
        m_targetSquares.add_(wanted.square().sum());
    }
    Metrics metrics(models::Task task, double terms) const {
        Metrics metrics;
        metrics.loss = m_loss.item<double>() / std::max(terms, 1.0);
        if (task == models::Task::Segmentation) {
            const IouFigures figures = iouOf(m_confusion.cpu());
            metrics.accuracy = figures.accuracy;
            metrics.miou = figures.mean;
            return metrics;
        }
        if (task != models::Task::Regression) {
            metrics.accuracy = m_right.item<double>() / terms;
            return metrics;
        }
        const double sum = m_target.item<double>();
        const double spread = m_targetSquares.item<double>() - sum * sum / terms;
        if (spread > 0) metrics.r2 = 1 - m_error.item<double>() / spread;
        return metrics;
    }

private:
    at::Tensor m_loss, m_right, m_error, m_target, m_targetSquares;
    at::Tensor m_confusion;  ///< [class, predicted class], of masks
};

}  // namespace

at::Tensor confusionOf(const at::Tensor& predicted, const at::Tensor& target, std::int64_t classes) {
    const at::Tensor places = target.mul(classes).add(predicted).masked_select(target.ne(models::kIgnoredClass));
    return at::bincount(places, {}, classes * classes).view({classes, classes});
}

IouFigures iouOf(const at::Tensor& confusion) {
    const at::Tensor counts = confusion.to(at::kDouble), right = counts.diagonal();
    const at::Tensor either = counts.sum(0).add(counts.sum(1)).sub(right), occurs = either.gt(0);
    const double all = counts.sum().item<double>();
    if (all == 0) return {};
    return {right.sum().item<double>() / all, right.div(either).masked_select(occurs).mean().item<double>()};
}

Metrics evaluate(Passes& passes, run::TensorSet& tensors, const data::Source& source, const EvaluationOptions& options) {
    const data::Sampler order({.size = source.size(), .batch = options.batch, .shuffle = false});
    data::LoaderOptions loading;
    loading.threads = std::min<std::int64_t>(options.threads, 1);
    loading.endStep = order.stepsPerEpoch();
    loading.placement = {passes.inputType(), passes.device().is_cuda()};
    data::Loader loader(source, order, loading);
    Sums sums(passes.device());
    double terms = 0;
    while (const std::optional<data::Batch> batch = loader.next()) {
        const Passes::Inference result = passes.infer(tensors, *batch);
        sums.addLoss(result.loss);
        terms += static_cast<double>(batch->terms);
        const at::Tensor target = batch->samples.target.to(passes.device());
        if (options.task == models::Task::Regression)
            sums.addValues(result.logits, target);
        else if (options.task == models::Task::Segmentation)
            sums.addPixels(result.logits, target);
        else
            sums.addClasses(result.logits, target);
    }
    return sums.metrics(options.task, terms);
}

}  // namespace headroom::train
