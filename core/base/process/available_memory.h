// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/process/system_root.h"
#include "base/units/units.h"

namespace headroom::process {

/// What this process can still take without swapping: what the system says (MemAvailable), or what the limit of the
/// process's memory cgroup leaves where that is lower; the largest number where nobody says anything.
Bytes availableMemory(const SystemRoot& root = systemRoot());
/// All memory there is for this process: the system's (MemTotal), or its cgroup's limit where that is lower.
Bytes totalMemory(const SystemRoot& root = systemRoot());

}  // namespace headroom::process
