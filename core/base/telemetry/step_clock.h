// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace headroom::telemetry {

/// Seconds of a training step, from the moments at which steps are reported. On a GPU several are reported at once, when
/// the device is waited for; steps too short to be timed one by one are timed together. What lies between start() and the
/// last report before it - evaluations, checkpoints - does not count. The caller gives the time: one thread.
class StepClock {
public:
    /// Training begins at this step (steps done so far), or goes on after something else.
    void start(std::int64_t step, double seconds);
    /// `step` steps are done.
    void stepped(std::int64_t step, double seconds);
    /// Of the latest kKept stretches; nothing where no step was reported.
    std::optional<double> median() const;

private:
    static constexpr std::size_t kKept = 1024;
    static constexpr double kStretch = 0.02;      ///< seconds that a stretch takes at least
    static constexpr double kAtOnce = 100e-6;     ///< reports that follow each other faster belong together

    struct Mark {
        std::int64_t step = 0;
        double seconds = 0;
    };
    /// Ends the stretch at the last report.
    void keep();

    Mark m_begin, m_last;
    std::vector<double> m_stretches;  ///< seconds of one step each; a ring once it is full
    std::size_t m_next = 0;
};

}  // namespace headroom::telemetry
