// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/proc.h"

#include <fstream>
#include <sstream>

namespace headroom::telemetry {

// proc(5): user nice system idle iowait irq softirq steal; guest time is inside of user already.
std::optional<CpuTicks> readCpuTicks(const std::filesystem::path& proc) {
    std::ifstream file(proc / "stat");
    std::string name;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupts = 0, soft = 0, steal = 0;
    if (!(file >> name >> user >> nice >> system >> idle) || name != "cpu") return std::nullopt;
    file >> wait >> interrupts >> soft >> steal;
    const std::uint64_t busy = user + nice + system + interrupts + soft + steal;
    return CpuTicks{busy, busy + idle + wait};
}

std::optional<std::uint64_t> readProcessTicks(const std::filesystem::path& proc, pid_t pid) {
    std::ifstream file(proc / std::to_string(pid) / "stat");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const auto nameEnd = line.rfind(')');  // the name may hold blanks and brackets
    if (nameEnd == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(nameEnd + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    std::uint64_t user = 0, system = 0;
    if (!(fields >> user >> system)) return std::nullopt;
    return user + system;
}

}  // namespace headroom::telemetry
