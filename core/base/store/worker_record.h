// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "base/process/liveness.h"
#include "base/process/memory_cgroup.h"
#include "base/process/rescue.h"
#include "base/store/run_folder.h"

namespace headroom::store {

/// What a worker leaves beside its run for as long as it works on it, so that others can tell what ended it.
struct WorkerRecord {
    process::ProcessId worker;
    process::OomKills kills;                     ///< when it began
    std::optional<process::MemoryCgroup> group;  ///< that it runs in

    bool operator==(const WorkerRecord&) const = default;
};

/// Of the calling process.
WorkerRecord ownRecord(const process::SystemRoot& root = process::systemRoot());

/// What stands in the file worker.json: a line of JSON.
std::string recordText(const WorkerRecord& record);
/// The line that a worker adds when a signal ends it, or, with 0, when it ends without an end record. Nothing but SIGKILL
/// leaves the record without such a line.
std::string lastWord(int signal);

/// What is known of the end of the run's last worker. Without a record of that very worker neither signal nor counters are.
process::Death deathOfWorker(const RunFolder& run, const process::SystemRoot& root = process::systemRoot());

}  // namespace headroom::store
