// SPDX-License-Identifier: Apache-2.0
#include "base/process/rescue.h"

#include <csignal>

namespace headroom::process {

bool isKernelsDoing(const Death& death) {
    return death.signal == SIGKILL && death.before && haveRisen(*death.before, death.now);
}

Rescue::Verdict Rescue::judge(const Death& death, Clock::time_point now) {
    if (!isKernelsDoing(death)) return Verdict::OtherDeath;
    std::erase_if(m_times, [now](Clock::time_point time) { return now - time >= kWindow; });
    if (m_times.size() >= kMostInWindow) return Verdict::TooOften;
    m_times.push_back(now);
    return Verdict::Resume;
}

}  // namespace headroom::process
