// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/units/units.h"

namespace headroom::process {

/// What the system says programs can still take without swapping (MemAvailable); the largest number where it says nothing.
Bytes availableMemory();

}  // namespace headroom::process
