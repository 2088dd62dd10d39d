// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace headroom::train {

/// How many samples go through the net at once, step by step: halved where memory runs out, larger again after a while
/// without trouble where that is faster. Pure bookkeeping; never more than what the run began with.
class MicroBatch {
public:
    /// `wanted` is what the run began with, `present` what it has now (after a resume), both of an effective batch.
    MicroBatch(std::int64_t effectiveBatch, std::int64_t wanted, std::int64_t present);

    std::int64_t size() const { return m_size; }
    std::int64_t wanted() const { return m_wanted; }
    /// Twice as many parts. False where the parts are single samples already.
    bool shrink();

    enum class Change { None, Trial, BackFromTrial };
    /// A step went well and took `seconds`. After kPatience such steps the next larger size is tried if `allows` it, and
    /// kept where the median step is faster; where it is not, the size stays as it is for the rest of the run.
    Change stepped(double seconds, const std::function<bool(std::int64_t)>& allows);

    static constexpr std::int64_t kPatience = 50;
    static constexpr std::size_t kTimed = 9;  ///< last steps whose median counts

private:
    std::int64_t parts(std::int64_t size) const { return (m_effective + size - 1) / size; }
    std::int64_t sizeFor(std::int64_t parts) const { return (m_effective + parts - 1) / parts; }
    Change judgeTrial();

    const std::int64_t m_effective;
    std::int64_t m_wanted, m_size;
    std::int64_t m_clean = 0;               ///< steps since the last change
    std::int64_t m_patience = kPatience;    ///< twice as long after a trial that ran out of memory
    std::vector<double> m_seconds;          ///< of the last steps at this size
    std::int64_t m_before = 0;              ///< in a trial: the size before it, else 0
    double m_medianBefore = 0;
};

}  // namespace headroom::train
