// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

#include "base/models/models.h"

namespace headroom::deploy {

/// How far the outputs of an exported file are from its source's, and how good they are.
struct Agreement {
    std::int64_t rows = 0;
    double largestLogit = 0;       ///< largest |logit| of the source
    double largestDifference = 0;  ///< largest |difference| of a logit
    std::int64_t flipped = 0;      ///< rows whose predicted class differs; 0 for regression
    bool finite = true;

    /// Differences of 1e-4 of the largest logit are what other orders of summation in fp32 explain; predictions are equal
    /// but for rows whose two best logits lie closer together than that.
    static constexpr double kTolerance = 1e-4;
    std::int64_t flippedBeyondTies = 0;
    bool holds() const {
        return finite && largestDifference <= kTolerance * largestLogit && flippedBeyondTies == 0;
    }
    double relativeDifference() const { return largestLogit > 0 ? largestDifference / largestLogit : largestDifference; }
};

/// Both [rows, outputs].
Agreement compare(const at::Tensor& source, const at::Tensor& exported, models::Task task);

/// {"accuracy"} or {"r2"} of outputs against targets (as data::Samples has them).
nlohmann::json quality(const at::Tensor& outputs, const at::Tensor& targets, models::Task task);

}  // namespace headroom::deploy
