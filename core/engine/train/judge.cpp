// SPDX-License-Identifier: Apache-2.0
#include "engine/train/judge.h"

#include <cmath>
#include <limits>

namespace headroom::train {

std::string_view Judge::name() const {
    if (m_figure == Figure::Accuracy) return "val_accuracy";
    if (m_figure == Figure::MeanIou) return "val_miou";
    return m_figure == Figure::R2 ? "val_r2" : "val_loss";
}

/// Larger is better.
double Judge::figureOf(const Metrics& metrics) const {
    constexpr double kWorst = -std::numeric_limits<double>::infinity();
    double figure = -metrics.loss;
    if (m_figure == Figure::Accuracy) figure = metrics.accuracy.value_or(kWorst);
    if (m_figure == Figure::MeanIou) figure = metrics.miou.value_or(kWorst);
    if (m_figure == Figure::R2) figure = metrics.r2.value_or(kWorst);
    return std::isnan(figure) ? kWorst : figure;
}

bool Judge::better(const Metrics& metrics, std::int64_t step) {
    const double figure = figureOf(metrics);
    const double now = m_figure == Figure::Loss ? -figure : figure;
    if (!hasBest() || figure > (m_figure == Figure::Loss ? -m_best : m_best) + m_options.minDelta) {
        m_best = now;
        m_bestStep = step;
        m_without = 0;
        return true;
    }
    ++m_without;
    return false;
}

nlohmann::json Judge::state() const {
    // An infinity has no place in JSON: an unusable best is told by its text.
    const nlohmann::json best = std::isfinite(m_best) ? nlohmann::json(m_best) : nlohmann::json(m_best > 0 ? "inf" : "-inf");
    return {{"best", best}, {"step", m_bestStep}, {"without", m_without}};
}

void Judge::restore(const nlohmann::json& state) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const nlohmann::json& best = state.at("best");
    m_best = best.is_string() ? (best == "inf" ? kInfinity : -kInfinity) : best.get<double>();
    m_bestStep = state.at("step");
    m_without = state.at("without");
}

}  // namespace headroom::train
