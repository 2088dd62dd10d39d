// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "base/process/liveness.h"
#include "base/store/home.h"
#include "base/store/project.h"
#include "base/store/run_summary.h"

namespace headroom::store {

/// What a run's state follows from. Each is looked up afresh; none is a flag that a crash leaves behind.
struct StateFacts {
    bool lockHeld = false;        ///< somebody holds the flock on the run's `lock`: a worker lives
    bool queued = false;          ///< an entry waits in the queue
    bool claimed = false;         ///< a living worker has taken the entry and is about to take the lock
    bool justCreated = false;     ///< made in the last seconds, nothing has touched it yet
    bool committed = false;       ///< the present session has committed progress
    bool pauseRequested = false;  ///< asked for, not yet done
    bool stopRequested = false;
    std::optional<EndState> end;  ///< end record of the last session
};

/// So long a fresh run counts as starting although nothing has touched it: its maker is about to put it into the queue.
constexpr double kJustCreatedSeconds = 10;

/// Pure. Without lock, queue entry and end record a run is lost: it can be resumed.
RunState derive(const StateFacts& facts);

/// Looks everything up. Throws RUN-01 where there is no such run.
StateFacts stateFacts(const Home& home, const RunFolder& run);
RunState runState(const Home& home, const RunFolder& run);

/// Neither waiting nor being worked on.
bool isOver(RunState state);

/// Pure. What `state` says of the session that began at `since` (wall time), for one who waits for its end; nothing where it
/// tells of an earlier session. `end` is the record as read after the state: the worker takes the earlier one away when it
/// begins, which may be between the two readings.
std::optional<RunState> stateOfSession(RunState state, const std::optional<End>& end, double since);

/// The worker that holds the run's lock; nothing where none does.
std::optional<process::ProcessId> holder(const RunFolder& run);

}  // namespace headroom::store
