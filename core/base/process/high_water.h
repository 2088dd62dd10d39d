// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/units/units.h"

namespace headroom::process {

/// Most bytes that the calling process ever had resident (VmHWM); 0 where the system does not say.
Bytes highWaterMark();
/// Lets the mark start again from what is resident now.
void resetHighWaterMark();

}  // namespace headroom::process
