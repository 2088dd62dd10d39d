// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

#include "base/process/system_root.h"
#include "support/temporary_folder.h"

namespace headroom::test {

/// The kernel's files about memory as a test wants them: 16 GiB of which 8 are available, no cgroup, no pressure, nobody
/// killed yet. Programs see them by HEADROOM_SYSTEM_ROOT.
class FakeSystem {
public:
    FakeSystem();

    process::SystemRoot root() const;
    std::string folder() const { return m_folder.path().string(); }
    /// "proc/vmstat", "cgroup/memory/job/memory.limit_in_bytes": replaced whole, so that nobody reads half of it.
    void put(const std::string& file, std::string_view text) const;
    void setAvailable(long long kilobytes) const;
    void setOomKills(int kills) const { put("proc/vmstat", "pgfault 12\noom_kill " + std::to_string(kills) + "\nnr_free_pages 3\n"); }
    /// `full`: per cent of the last ten seconds, and seconds in total.
    void setPressure(double full, double seconds) const;

private:
    TemporaryFolder m_folder;
};

}  // namespace headroom::test
