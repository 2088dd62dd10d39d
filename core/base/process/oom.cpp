// SPDX-License-Identifier: Apache-2.0
#include "base/process/oom.h"

#include <fstream>

#include "base/process/counters.h"

namespace headroom::process {

void raiseOomScore(const SystemRoot& root) {
    // Opened for reading too, so that a file that is not there is not made.
    std::fstream(root.proc / "self" / "oom_score_adj", std::ios::in | std::ios::out) << "1000";
}

OomKills oomKills(const SystemRoot& root, const std::optional<MemoryCgroup>& group) {
    return {readCounter(root.proc / "vmstat", "oom_kill"), group ? oomKills(*group) : std::nullopt};
}

bool haveRisen(const OomKills& before, const OomKills& now) {
    const auto rose = [](const auto& then, const auto& after) { return then && after && *after > *then; };
    return rose(before.system, now.system) || rose(before.group, now.group);
}

}  // namespace headroom::process
