// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/units/units.h"

namespace headroom::process {

/// Most bytes that the calling process ever had resident (VmHWM); 0 where the system does not say.
Bytes highWaterMark();

/// What the calling process grows by from the moment that the object is made: VmHWM after clear_refs. One definition for
/// receipt, budget and benches, which make it when the process is idle and warmed.
class MemoryGrowth {
public:
    MemoryGrowth();
    /// The most so far.
    Bytes most() const;

private:
    Bytes m_before = 0;
};

}  // namespace headroom::process
