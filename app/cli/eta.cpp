// SPDX-License-Identifier: Apache-2.0
#include "cli/eta.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headroom::cli {
namespace {

constexpr double kWarmUpSeconds = 3;
constexpr double kMarkEverySeconds = 0.5;
constexpr std::size_t kMostMarks = 240;
constexpr std::size_t kStretches = 4;

}  // namespace

void Eta::add(double seconds, std::int64_t step) {
    if (!m_marks.empty() && step < m_marks.back().step) m_marks.clear();  // the run went back
    if (!m_marks.empty() && (step == m_marks.back().step || seconds - m_marks.back().seconds < kMarkEverySeconds)) return;
    m_marks.push_back({seconds, step});
    if (m_marks.size() > kMostMarks) m_marks.pop_front();
}

std::optional<Eta::Range> Eta::left(std::int64_t totalSteps) const {
    if (totalSteps <= 0 || m_marks.size() <= kStretches) return std::nullopt;
    if (m_marks.back().seconds - m_marks.front().seconds < kWarmUpSeconds) return std::nullopt;
    const double steps = static_cast<double>(std::max<std::int64_t>(totalSteps - m_marks.back().step, 0));
    Range range{INFINITY, 0};
    for (std::size_t i = 0; i < kStretches; ++i) {
        const Mark& from = m_marks[i * (m_marks.size() - 1) / kStretches];
        const Mark& to = m_marks[(i + 1) * (m_marks.size() - 1) / kStretches];
        const double each = (to.seconds - from.seconds) / static_cast<double>(to.step - from.step);
        range.low = std::min(range.low, steps * each);
        range.high = std::max(range.high, steps * each);
    }
    return range;
}

std::string text(const Eta::Range& range) {
    const bool hours = range.high >= 2 * 3600;
    const bool minutes = range.high >= 120;
    const double unit = hours ? 3600 : minutes ? 60 : 1;
    const char* name = hours ? "h" : minutes ? "min" : "s";
    const auto low = static_cast<std::int64_t>(std::floor(range.low / unit));
    const auto high = static_cast<std::int64_t>(std::ceil(range.high / unit));
    if (low == high) return fmt::format("about {} {} left", high, name);
    return fmt::format("about {} to {} {} left", low, high, name);
}

}  // namespace headroom::cli
