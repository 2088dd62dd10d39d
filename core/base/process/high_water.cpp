// SPDX-License-Identifier: Apache-2.0
#include "base/process/high_water.h"

#include <fstream>

#include "base/process/kilobytes.h"

namespace headroom::process {

Bytes highWaterMark() { return readKilobytes("/proc/self/status", "VmHWM").value_or(0); }

MemoryGrowth::MemoryGrowth() {
    std::ofstream("/proc/self/clear_refs") << "5";  // the mark starts again from what is resident
    m_before = highWaterMark();
}

Bytes MemoryGrowth::most() const { return highWaterMark() - m_before; }

}  // namespace headroom::process
