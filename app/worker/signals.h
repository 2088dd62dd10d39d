// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::worker {

/// From now on SIGTERM, SIGINT and SIGUSR1 are remembered in place of ending the process.
void catchSignals();
/// The first of them that came; 0 = none.
int caughtSignal();
/// 130 for SIGINT, 143 for the others.
int exitStatusOf(int signal);

}  // namespace headroom::worker
