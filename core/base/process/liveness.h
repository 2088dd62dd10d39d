// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace headroom::process {

/// A process that cannot be mistaken for a later one with the same number.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t startTime = 0;  ///< clock ticks since boot, field 22 of /proc/<pid>/stat

    bool operator==(const ProcessId&) const = default;
};

/// The calling process.
ProcessId self();
/// The process that has this number now; nothing where there is none. A zombie counts as gone.
std::optional<ProcessId> find(pid_t pid);
/// Whether exactly this process still runs.
bool isAlive(const ProcessId& process);

/// Sends a signal to exactly this process, never to a later one with the same number. False where it is gone.
/// Throws WRK-02 where it may not be signalled (it belongs to another user).
bool sendSignal(const ProcessId& process, int signal);

}  // namespace headroom::process
