// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/store/catalogue.h"
#include "cli/session.h"

namespace headroom::cli {

struct Wish {
    store::RequestKind kind;   ///< Pause or Stop
    store::EndState end;       ///< how a run that waits in the queue ends
    bool wait = true;          ///< until the worker has done it
};

/// Asks for a pause or a stop, or takes a waiting run out of the queue, and prints how the run stands then. A run that
/// has ended as wished is left as it is; RUN-05 where it ended otherwise.
int ask(const Session& session, const std::string& run, const Wish& wish);

}  // namespace headroom::cli
