// SPDX-License-Identifier: Apache-2.0
#include "base/process/available_memory.h"

#include <limits>

#include "base/process/kilobytes.h"

namespace headroom::process {

Bytes availableMemory() { return readKilobytes("/proc/meminfo", "MemAvailable").value_or(std::numeric_limits<Bytes>::max()); }

}  // namespace headroom::process
