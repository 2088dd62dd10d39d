// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/models/models.h"

namespace headroom::deploy {

/// A net's outputs as rows: of masks [batch, classes, height, width] a row a pixel, in the order of the targets; others as they are.
at::Tensor answerRows(const at::Tensor& outputs);

/// How far the outputs of an exported file are from its source's, gathered batch by batch.
class Agreement {
public:
    /// Differences of 1e-4 of the largest logit are what other orders of summation in fp32 explain; predictions are equal
    /// but for rows whose two best logits lie closer together than that.
    static constexpr double kTolerance = 1e-4;

    explicit Agreement(models::Task task) : m_task(task) {}
    /// Both [rows, outputs].
    void add(const at::Tensor& source, const at::Tensor& exported);

    bool holds() const;
    /// All outputs of both were numbers, of the same shape. Where not, no difference bounds theirs: it is infinite.
    bool finite() const { return m_finite; }
    std::int64_t rows() const { return m_rows; }
    double largestLogit() const { return m_largestLogit; }            ///< |logit| of the source
    double largestDifference() const { return m_largestDifference; }  ///< |difference| of a logit
    double relativeDifference() const { return m_largestLogit > 0 ? m_largestDifference / m_largestLogit : m_largestDifference; }
    /// Rows (samples, tokens, pixels) whose predicted class differs; 0 for regression.
    std::int64_t flipped() const { return static_cast<std::int64_t>(m_gaps.size()); }
    /// Of those the ones that the tolerance does not explain.
    std::int64_t flippedBeyondTies() const;

private:
    models::Task m_task;
    std::int64_t m_rows = 0;
    double m_largestLogit = 0, m_largestDifference = 0;
    bool m_finite = true;
    std::vector<double> m_gaps;  ///< between the source's two best logits, of the flipped rows
};

/// How good outputs are, gathered batch by batch.
class Quality {
public:
    explicit Quality(models::Task task) : m_task(task) {}
    /// Outputs [rows, outputs] against targets as data::Samples has them.
    void add(const at::Tensor& outputs, const at::Tensor& targets);
    /// {"accuracy"}, of masks with "miou" beside it, both over the pixels that count; or {"r2"}.
    nlohmann::json figures() const;

private:
    models::Task m_task;
    void addPixels(const at::Tensor& outputs, const at::Tensor& targets);

    double m_rows = 0, m_right = 0, m_error = 0, m_sum = 0, m_squares = 0;
    at::Tensor m_confusion;  ///< of masks: [class, predicted class]
};

}  // namespace headroom::deploy
