// SPDX-License-Identifier: Apache-2.0
#include "engine/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/errors/error.h"

namespace headroom::train {
namespace {

constexpr double kOneCycleRise = 0.3, kOneCycleStart = 25, kOneCycleEnd = 1e4;

/// From `from` at t = 0 to `to` at t = 1 along half a cosine.
double cosineBetween(double from, double to, double t) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * t));
}

}  // namespace

Schedule::Schedule(Shape shape, double rate, std::int64_t totalSteps, double warmup, double finalShare)
    : m_shape(shape), m_rate(rate), m_totalSteps(std::max<std::int64_t>(totalSteps, 1)), m_finalShare(finalShare) {
    const double share = shape == Shape::OneCycle && warmup == 0 ? kOneCycleRise : warmup;
    m_warmupSteps = std::llround(share * static_cast<double>(m_totalSteps));
}

Schedule Schedule::make(const config::RunConfig::Train& train, std::int64_t totalSteps) {
    const auto& [name, warmup, finalShare] = train.schedule;
    Shape shape = Shape::Constant;
    if (name == "cosine")
        shape = Shape::Cosine;
    else if (name == "one_cycle")
        shape = Shape::OneCycle;
    else if (name != "constant")
        throw Error(Failure{Code::Cfg04, "train.schedule.name", "unknown schedule", name, "constant, cosine, one_cycle", {}});
    return Schedule(shape, train.optimizer.lr, totalSteps, warmup, finalShare);
}

double Schedule::oneCycle(std::int64_t step) const {
    const double start = m_rate / kOneCycleStart;
    // As usual the peak is reached at step rise * total - 1, the end at the last step.
    const double top = std::max<double>(static_cast<double>(m_warmupSteps) - 1, 0);
    const double last = static_cast<double>(m_totalSteps) - 1;
    const auto at = static_cast<double>(step);
    if (at < top) return cosineBetween(start, m_rate, at / top);
    if (last <= top) return m_rate;
    return cosineBetween(m_rate, start / kOneCycleEnd, (at - top) / (last - top));
}

double Schedule::rate(std::int64_t step) const {
    step = std::clamp<std::int64_t>(step, 0, m_totalSteps - 1);
    if (m_shape == Shape::OneCycle) return oneCycle(step);
    if (step < m_warmupSteps) return m_rate * static_cast<double>(step + 1) / static_cast<double>(m_warmupSteps);
    if (m_shape == Shape::Constant) return m_rate;
    const double t = static_cast<double>(step - m_warmupSteps) / static_cast<double>(m_totalSteps - m_warmupSteps);
    return cosineBetween(m_rate, m_rate * m_finalShare, t);
}

}  // namespace headroom::train
