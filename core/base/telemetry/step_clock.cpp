// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/step_clock.h"

#include <algorithm>

namespace headroom::telemetry {

void StepClock::keep() {
    if (m_last.step <= m_begin.step) return;
    const double each = (m_last.seconds - m_begin.seconds) / static_cast<double>(m_last.step - m_begin.step);
    if (m_stretches.size() < kKept)
        m_stretches.push_back(each);
    else
        m_stretches[m_next] = each;
    m_next = (m_next + 1) % kKept;
    m_begin = m_last;
}

void StepClock::start(std::int64_t step, double seconds) {
    keep();
    m_begin = m_last = {step, seconds};
}

void StepClock::stepped(std::int64_t step, double seconds) {
    const bool apart = seconds - m_last.seconds >= kAtOnce;
    if (apart && m_last.seconds - m_begin.seconds >= kStretch) keep();
    m_last = {step, seconds};
}

std::optional<double> StepClock::median() const {
    StepClock whole = *this;
    whole.keep();
    std::vector<double>& all = whole.m_stretches;
    if (all.empty()) return std::nullopt;
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    return *middle;
}

}  // namespace headroom::telemetry
