// SPDX-License-Identifier: Apache-2.0
#include "base/process/available_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace headroom::process {

Bytes availableMemory() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    for (Bytes value = 0; file >> key >> value; file.ignore(16, '\n'))
        if (key == "MemAvailable:") return value * kKiB;
    return std::numeric_limits<Bytes>::max();
}

}  // namespace headroom::process
