// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/session.h"

namespace headroom::cli {

/// Removes a run that never made a step, folder and all, once its worker has let go: what was refused leaves nothing.
void removeRun(const Chosen& chosen);

}  // namespace headroom::cli
