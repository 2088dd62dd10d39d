// SPDX-License-Identifier: Apache-2.0
// Inside telemetry only: what the kernel says under /proc.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace headroom::telemetry {

/// Clock ticks since boot, of all cores together.
struct CpuTicks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};
std::optional<CpuTicks> readCpuTicks(const std::filesystem::path& proc);
/// User and system time of one process, in ticks.
std::optional<std::uint64_t> readProcessTicks(const std::filesystem::path& proc, pid_t pid);

}  // namespace headroom::telemetry
