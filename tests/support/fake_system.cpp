// SPDX-License-Identifier: Apache-2.0
#include "support/fake_system.h"

#include <fmt/format.h>

namespace headroom::test {

FakeSystem::FakeSystem() {
    setAvailable(8LL << 20);
    setOomKills(0);
    setPressure(0, 0);
    put("proc/self/cgroup", "0::/\n");
}

process::SystemRoot FakeSystem::root() const { return {m_folder.path() / "proc", m_folder.path() / "cgroup"}; }

void FakeSystem::put(const std::string& file, std::string_view text) const {
    const auto fresh = m_folder.write(file + ".new", text);
    std::filesystem::rename(fresh, m_folder.path() / file);
}

void FakeSystem::setAvailable(long long kilobytes) const {
    put("proc/meminfo", fmt::format("MemTotal:       {} kB\nMemFree:  1 kB\nMemAvailable:   {} kB\n", 16LL << 20, kilobytes));
}

void FakeSystem::setPressure(double full, double seconds) const {
    put("proc/pressure/memory", fmt::format("some avg10=60.00 avg60=1.00 avg300=0.00 total=99000000\n"
                                            "full avg10={:.2f} avg60=0.00 avg300=0.00 total={:.0f}\n", full, seconds * 1e6));
}

}  // namespace headroom::test
