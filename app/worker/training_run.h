// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>

#include "base/store/home.h"
#include "base/store/run_folder.h"

namespace headroom::worker {

/// Runs one run of the home from its folder to its end record: reads the configuration and the data, trains, goes on from the newest
/// checkpoint where there is one. `started` is called once the run's lock is held. Returns the exit status; what goes
/// wrong ends in the record, not in an exception. Throws STO-01 and the store's errors only before `started`.
int trainRun(const store::Home& home, const store::RunFolder& folder, const std::string& device, const std::function<void()>& started);

}  // namespace headroom::worker
