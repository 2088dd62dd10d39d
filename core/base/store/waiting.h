// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

#include "base/store/home.h"
#include "base/store/project.h"
#include "base/store/run_summary.h"

namespace headroom::store {

/// Takes a run that waits for its device out of the queue and writes how it ended. False where it does not wait: a worker
/// has it, or it was never queued. Throws as Queue, RunWriter and Catalogue do.
bool takeOut(const Home& home, const Project& project, const RunId& run, EndState state, std::string_view reason);

}  // namespace headroom::store
