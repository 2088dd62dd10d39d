// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

#include "base/store/run_summary.h"
#include "cli/session.h"

namespace headroom::cli {

/// Takes a run that waits for its device out of the queue and writes how it ended. False where it does not wait: a worker
/// has it, or it was never queued.
bool takeOut(const Chosen& chosen, store::EndState state, std::string_view reason);
/// Removes a run that never made a step, folder and all, once its worker has let go: what was refused leaves nothing.
void removeRun(const Chosen& chosen);

}  // namespace headroom::cli
