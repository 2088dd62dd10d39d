// SPDX-License-Identifier: Apache-2.0
// Inside telemetry only: what the kernel says under /proc.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/units/units.h"

namespace headroom::telemetry {

/// Clock ticks since boot, of all cores together.
struct CpuTicks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};
std::optional<CpuTicks> readCpuTicks(const std::filesystem::path& proc);
/// User and system time of one process, in ticks.
std::optional<std::uint64_t> readProcessTicks(const std::filesystem::path& proc, pid_t pid);

/// A line "Key:   123 kB" of /proc/meminfo or /proc/<pid>/status.
std::optional<Bytes> readKilobytes(const std::filesystem::path& file, const std::string& key);

}  // namespace headroom::telemetry
