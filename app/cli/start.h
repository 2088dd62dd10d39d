// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/config/run_config.h"
#include "base/store/queue.h"
#include "cli/session.h"

namespace headroom::cli {

/// Queues the run on the device and sees to a worker that takes it.
void enqueue(const Chosen& chosen, const std::string& device, store::StartMode mode);
/// The device that the run's configuration names, as this machine has it. Throws CFG-14.
std::string deviceOf(const config::RunConfig& config);
/// Refuses more processes than this version trains with (CFG-13): a launcher's WORLD_SIZE would start as many runs.
void refuseManyProcesses();
/// Asks about unusual values, or throws CFG-16 where nobody can be asked and --yes was not given.
void confirm(const Session& session, const config::RunConfig& config);

}  // namespace headroom::cli
