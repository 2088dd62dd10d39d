// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_summary.h"

namespace headroom::store {

std::string_view word(EndState state) {
    switch (state) {
        case EndState::Finished:
            return "finished";
        case EndState::Paused:
            return "paused";
        case EndState::Failed:
            return "failed";
        case EndState::Diverged:
            return "diverged";
    }
    return {};
}

std::string_view word(RunState state) {
    switch (state) {
        case RunState::Queued:
            return "queued";
        case RunState::Starting:
            return "starting";
        case RunState::Running:
            return "running";
        case RunState::Pausing:
            return "pausing";
        case RunState::Paused:
            return "paused";
        case RunState::Stopping:
            return "stopping";
        case RunState::Finished:
            return "finished";
        case RunState::Failed:
            return "failed";
        case RunState::Diverged:
            return "diverged";
        case RunState::Lost:
            return "lost";
    }
    return {};
}

bool isLive(RunState state) {
    return state == RunState::Starting || state == RunState::Running || state == RunState::Pausing ||
           state == RunState::Stopping;
}

}  // namespace headroom::store
