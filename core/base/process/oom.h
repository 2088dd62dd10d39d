// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>

#include "base/process/memory_cgroup.h"
#include "base/process/system_root.h"

namespace headroom::process {

/// Makes the calling process the first that the kernel ends when memory runs out (oom_score_adj 1000, proc(5)): of all
/// programs a training alone goes on where it was. Children inherit it. Does nothing where the file cannot be written.
void raiseOomScore(const SystemRoot& root = systemRoot());

/// How often the kernel has ended a process for want of memory, since the machine or the group was started. Nothing where
/// it does not count.
struct OomKills {
    std::optional<std::uint64_t> system;  ///< any process: oom_kill of /proc/vmstat
    std::optional<std::uint64_t> group;   ///< processes of one memory cgroup

    bool operator==(const OomKills&) const = default;
};

OomKills oomKills(const SystemRoot& root, const std::optional<MemoryCgroup>& group);
/// Whether a counter that was there before is higher now.
bool haveRisen(const OomKills& before, const OomKills& now);

}  // namespace headroom::process
