// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/config/run_config.h"
#include "engine/train/host.h"

namespace headroom::train {

/// Which evaluation was the best so far, and whether to go on: early stopping after `patience` evaluations in a row that
/// did not better the best by more than `minDelta`. The deciding figure is the accuracy of classes, R2 of values, the mean
/// intersection over union of masks, the loss of text.
class Judge {
public:
    enum class Figure { Loss, Accuracy, R2, MeanIou };

    Judge(Figure figure, const config::RunConfig::EarlyStopping& options) : m_figure(figure), m_options(options) {}

    /// Takes an evaluation in; true where it is the new best.
    bool better(const Metrics& metrics, std::int64_t step);
    bool shouldStop() const { return m_options.patience > 0 && m_without >= m_options.patience; }

    std::string_view name() const;
    bool hasBest() const { return m_bestStep >= 0; }
    double best() const { return m_best; }
    std::int64_t bestStep() const { return m_bestStep; }

    nlohmann::json state() const;
    void restore(const nlohmann::json& state);

private:
    double figureOf(const Metrics& metrics) const;

    Figure m_figure;
    config::RunConfig::EarlyStopping m_options;
    double m_best = 0;
    std::int64_t m_bestStep = -1;
    std::int64_t m_without = 0;
};

}  // namespace headroom::train
