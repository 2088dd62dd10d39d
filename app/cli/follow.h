// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "cli/describe.h"
#include "cli/session.h"

namespace headroom::cli {

/// What follow() sees, in order.
class Spectator {
public:
    virtual ~Spectator() = default;
    virtual void state(store::RunState state, std::int64_t queuePosition) = 0;
    /// Points by the name of their series, and events.
    virtual void news(const std::map<std::string, std::vector<store::Point>>& points,
                      const std::vector<store::Event>& events, const store::RunSummary& run) = 0;
};

/// How it ended. `status` is the exit status of the command.
struct Ending {
    store::RunSummary run;
    int status = 0;
    std::string sentence;  ///< what went wrong; empty where nothing did
    std::string code;      ///< "WRK-01"
};

/// Whether this command put the run into the queue: a run whose worker the kernel ended for want of memory is brought back
/// by its starter, nobody else.
enum class Role { Starter, Onlooker };

struct FollowOptions {
    std::string device;  ///< whose worker is started again where none takes the run
    double since = 0;    ///< wall time: an end record from before is of an earlier session
    Role role = Role::Starter;
};

/// Watches a run until it ends. SIGINT, SIGTERM and SIGUSR1 go on to its worker, or take a waiting run out of the queue; after
/// one a lost run stays lost. Throws WRK-03 where no worker takes the run although its device is free.
Ending follow(const Chosen& chosen, const FollowOptions& options, Spectator& spectator);

}  // namespace headroom::cli
