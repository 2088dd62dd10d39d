// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/config/run_config.h"

namespace headroom::train {

/// The learning rate as a pure function of the step.
///   constant   linear warm-up, then the rate
///   cosine     linear warm-up, then f + (1 - f)/2 * (1 + cos(pi t)), f the final share (Loshchilov, Hutter: SGDR, 2017)
///   one_cycle  cosine from rate/25 up to the rate over the warm-up share (0 = 30 %), cosine down to rate/25/1e4
///              (Smith, Topin: Super-convergence, 2018)
class Schedule {
public:
    enum class Shape { Constant, Cosine, OneCycle };

    Schedule(Shape shape, double rate, std::int64_t totalSteps, double warmup, double finalShare);
    /// Throws CFG-04 for a name that is none of ours.
    static Schedule make(const config::RunConfig::Train& train, std::int64_t totalSteps);

    /// Learning rate of step 0, 1, ... totalSteps - 1; the last one's from there on.
    double rate(std::int64_t step) const;
    /// A new peak: what is still to come scales with it.
    void setPeak(double rate) { m_rate = rate; }
    double peak() const { return m_rate; }
    std::int64_t warmupSteps() const { return m_warmupSteps; }

private:
    double oneCycle(std::int64_t step) const;

    Shape m_shape;
    double m_rate;
    std::int64_t m_totalSteps, m_warmupSteps;
    double m_finalShare;
};

}  // namespace headroom::train
