// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/process/system_root.h"
#include "base/units/units.h"

namespace headroom::process {

/// A memory cgroup: the processes that share a limit, as containers, batch systems and systemd set one.
struct MemoryCgroup {
    enum class Version { V1, V2 };

    std::filesystem::path folder;  ///< with the group's files
    std::filesystem::path top;     ///< the outermost group that can be seen; `folder` lies in it or is it
    Version version = Version::V2;

    bool operator==(const MemoryCgroup&) const = default;
};

/// That of the calling process, from /proc/self/cgroup; nothing where the kernel has none or its files are not mounted. In a
/// container that does not see its own name in the hierarchy it is what is mounted.
std::optional<MemoryCgroup> memoryCgroup(const SystemRoot& root = systemRoot());

struct CgroupMemory {
    Bytes limit = 0;
    /// What the group's processes hold. File cache that was not used lately does not count: the kernel gives it back
    /// before it ends anybody.
    Bytes used = 0;

    Bytes left() const { return limit > used ? limit - used : 0; }
};

/// Of the group and those around it the one that leaves least; nothing where none has a limit.
std::optional<CgroupMemory> limitedMemory(const MemoryCgroup& group);

/// How many of the group's processes the kernel has ended for want of memory; nothing where it does not count.
std::optional<std::uint64_t> oomKills(const MemoryCgroup& group);

}  // namespace headroom::process
