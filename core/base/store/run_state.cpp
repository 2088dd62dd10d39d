// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_state.h"

#include <filesystem>

#include "base/store/catalogue.h"
#include "base/store/database.h"
#include "base/store/lock_file.h"
#include "base/store/queue.h"
#include "base/store/run_reader.h"

namespace headroom::store {
namespace {

RunState ended(EndState state) {
    switch (state) {
        case EndState::Finished:
            return RunState::Finished;
        case EndState::Paused:
            return RunState::Paused;
        case EndState::Failed:
            return RunState::Failed;
        case EndState::Diverged:
            return RunState::Diverged;
    }
    return RunState::Lost;
}

/// With a worker at it. An end record means that it is only putting things away.
RunState liveState(const StateFacts& facts) {
    if (facts.end) return ended(*facts.end);
    if (facts.stopRequested) return RunState::Stopping;
    if (facts.pauseRequested) return RunState::Pausing;
    return facts.committed ? RunState::Running : RunState::Starting;
}

void lookIntoQueue(const Home& home, const RunFolder& run, StateFacts& facts) {
    if (!std::filesystem::exists(home.queue())) return;
    const auto entry = Queue(home).find(run);
    if (!entry) return;
    facts.claimed = entry->claimedBy.pid != 0 && process::isAlive(entry->claimedBy);
    facts.queued = !facts.claimed;
}

void lookIntoRequests(const RunFolder& run, StateFacts& facts) {
    const Catalogue catalogue(Project::open(run.project()));
    for (const Request& request : catalogue.pending(run.id())) {
        facts.pauseRequested |= request.kind == RequestKind::Pause;
        facts.stopRequested |= request.kind == RequestKind::Stop;
    }
}

}  // namespace

RunState derive(const StateFacts& facts) {
    if (facts.lockHeld) return liveState(facts);
    if (facts.claimed) return RunState::Starting;
    if (facts.queued) return RunState::Queued;
    if (facts.end) return ended(*facts.end);
    return facts.justCreated ? RunState::Starting : RunState::Lost;
}

StateFacts stateFacts(const Home& home, const RunFolder& run) {
    StateFacts facts;
    lookIntoQueue(home, run, facts);
    facts.lockHeld = isHeld(run.lock());
    // After the lock: a worker writes its end record before it lets go.
    const RunSummary summary = RunReader(run).summary();
    facts.committed = summary.underWay;
    facts.justCreated = summary.pid == 0 && now() - summary.created < kJustCreatedSeconds;
    if (summary.end) facts.end = summary.end->state;
    if (facts.lockHeld) lookIntoRequests(run, facts);
    return facts;
}

RunState runState(const Home& home, const RunFolder& run) { return derive(stateFacts(home, run)); }

bool isOver(RunState state) { return !isLive(state) && state != RunState::Queued; }

std::optional<RunState> stateOfSession(RunState state, const std::optional<End>& end, double since) {
    if (!isOver(state)) return state;
    if (!end && state == RunState::Lost) return state;
    if (!end || end->wallTime < since) return std::nullopt;
    return state;
}

std::optional<process::ProcessId> holder(const RunFolder& run) {
    return isHeld(run.lock()) ? recordedHolder(run.lock()) : std::nullopt;
}

}  // namespace headroom::store
