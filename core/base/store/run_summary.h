// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/store/notes.h"
#include "base/store/run_folder.h"

namespace headroom::store {

/// How a run ended. Paused is an end too: the process is gone, a checkpoint is there.
enum class EndState { Finished, Paused, Failed, Diverged };

/// The words of JSON and SQL: "finished", "paused", "failed", "diverged".
std::string_view word(EndState state);

/// The last record of a run.
struct End {
    EndState state = EndState::Finished;
    std::string
        reason;        ///< "completed", "stopped", "early stopping"; for Failed and Diverged the sentence of the error
    std::string code;  ///< "MEM-01" for Failed and Diverged
    double wallTime = 0;
};

enum class RunState { Queued, Starting, Running, Pausing, Paused, Stopping, Finished, Failed, Diverged, Lost };

/// The words of JSON, CLI and screen: "queued" ... "lost".
std::string_view word(RunState state);
/// A process works on it: starting, running, pausing, stopping.
bool isLive(RunState state);

struct Progress {
    double epoch = 0;
    std::int64_t step = 0;
    std::int64_t totalSteps = 0;  ///< 0 = not known
    std::int64_t samples = 0;
    std::optional<double> etaSeconds;
};

/// A row of the list of runs.
struct RunSummary {
    RunId id;
    std::string name;                 ///< the notes' name
    double created = 0;               ///< seconds since 1970
    double updated = 0;               ///< wall time of the last commit; 0 = never
    RunState state = RunState::Lost;  ///< as derived when the list was made (runState())
    std::optional<End> end;
    std::int64_t pid = 0;   ///< of the last worker; 0 = none
    bool underWay = false;  ///< that worker has committed points

    std::string arch, data, device;  ///< from config.json: architecture, base name of the data's path, device
    Progress progress;
    std::map<std::string, double> metrics;  ///< last values: train_loss val_loss val_accuracy val_miou val_r2
    std::optional<double> samplesPerSecond;
    double wallSeconds = 0;  ///< of work, over all sessions
    std::optional<double> joules;
    std::string weightsSha256;
    std::vector<float> sparkline;  ///< training loss, at most 64 means over equal shares of the steps so far

    RunId parent;
    std::string relation;
    bool trashed = false;
    bool pinned = false;
    std::vector<std::string> tags;
    std::string colour;
};

}  // namespace headroom::store
