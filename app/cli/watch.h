// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "cli/follow.h"

namespace headroom::cli {

/// Whether the run was made by this command.
enum class Origin { Fresh, Resumed };
/// Follows the run as the user asked - NDJSON on standard output, or progress on standard error and the result on
/// standard output - and returns the exit status. A run refused before its first step is removed where it is Fresh.
int watch(const Session& session, const Chosen& chosen, const FollowOptions& options, Origin origin);

/// The first line of train and resume.
void announce(const Session& session, const Chosen& chosen, const std::string& name);

/// One JSON object a line for everything that happens.
std::unique_ptr<Spectator> makeEventPrinter();
/// Progress for people.
std::unique_ptr<Spectator> makeProgress(const Session& session);

}  // namespace headroom::cli
