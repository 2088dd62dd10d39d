// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <optional>
#include <vector>

#include "base/process/oom.h"

namespace headroom::process {

/// What is known of a process that is gone without having said why.
struct Death {
    std::optional<int> signal;       ///< that ended it; nothing where it is not known, or where it ended by itself
    std::optional<OomKills> before;  ///< at its start; nothing where it left no record
    OomKills now;
};

/// Whether the kernel ended it for want of memory: by SIGKILL, while a counter of such deaths rose.
bool isKernelsDoing(const Death& death);

/// Decides for one run whether it goes on with half the micro-batch after its worker died, or is only reported.
class Rescue {
public:
    using Clock = std::chrono::steady_clock;
    enum class Verdict {
        Resume,      ///< the kernel took the worker: go on with less
        TooOften,    ///< it did, once too often in a short time: less did not help
        OtherDeath,  ///< anything else: nobody knows that another attempt would not end the same
    };
    static constexpr std::size_t kMostInWindow = 3;
    static constexpr std::chrono::minutes kWindow{5};

    /// Remembers a Resume: the caller carries it out.
    Verdict judge(const Death& death, Clock::time_point now);

private:
    std::vector<Clock::time_point> m_times;  ///< of the rescues within the window
};

}  // namespace headroom::process
