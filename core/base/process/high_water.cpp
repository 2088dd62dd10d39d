// SPDX-License-Identifier: Apache-2.0
#include "base/process/high_water.h"

#include <fstream>
#include <string>

namespace headroom::process {

Bytes highWaterMark() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * kKiB;
    return 0;
}

void resetHighWaterMark() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace headroom::process
