// SPDX-License-Identifier: Apache-2.0
#include "base/process/available_memory.h"

#include <algorithm>
#include <limits>

#include "base/process/kilobytes.h"
#include "base/process/memory_cgroup.h"

namespace headroom::process {
namespace {

Bytes systemMemory(const SystemRoot& root, const char* key) {
    return readKilobytes(root.proc / "meminfo", key).value_or(std::numeric_limits<Bytes>::max());
}

std::optional<CgroupMemory> groupMemory(const SystemRoot& root) {
    const auto group = memoryCgroup(root);
    return group ? limitedMemory(*group) : std::nullopt;
}

}  // namespace

Bytes availableMemory(const SystemRoot& root) {
    const auto group = groupMemory(root);
    return std::min(systemMemory(root, "MemAvailable"), group ? group->left() : std::numeric_limits<Bytes>::max());
}

Bytes totalMemory(const SystemRoot& root) {
    const auto group = groupMemory(root);
    return std::min(systemMemory(root, "MemTotal"), group ? group->limit : std::numeric_limits<Bytes>::max());
}

}  // namespace headroom::process
