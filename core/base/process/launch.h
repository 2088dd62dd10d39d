// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/process/liveness.h"

namespace headroom::process {

/// A program of ours ("headroom-worker") in the folder of the running program. Throws WRK-03 where it is missing.
std::filesystem::path sibling(const std::string& program);

/// What workers that are started from here on inherit: their threads wait for each other without sleeping for a tenth of a millisecond
/// only, not for several. Where other programs hold the cores, whoever is waited for does not run (docs/performance.md). What the
/// person has set (GOMP_SPINCOUNT, OMP_WAIT_POLICY) stays. Call before there are threads.
void shortenSpinning();

struct Launch {
    std::filesystem::path program;
    std::vector<std::string> arguments;  ///< without the program's own name
    std::filesystem::path log;           ///< receives standard output and error, appended
    int niceness = 0;                    ///< added to the caller's
};

/// Starts a program that outlives the caller: own session, no controlling terminal, standard input empty, no child of
/// the caller (so nobody has to wait for it), working folder "/". Throws WRK-03 where it cannot be started.
ProcessId launchDetached(const Launch& launch);

/// Starts `headroom-worker run --home <home> --device <device>`: it takes the device's lock and runs the queue, or,
/// where another worker holds the lock, ends at once because that one takes the entry. Its log is
/// <home>/workers/<device>.log.
ProcessId launchWorker(const std::filesystem::path& home, const std::string& device, int niceness = 0);

}  // namespace headroom::process
