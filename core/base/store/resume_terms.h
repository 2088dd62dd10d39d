// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/store/run_folder.h"

namespace headroom::store {

/// What the next worker of a run is to do otherwise than the configuration says.
struct ResumeTerms {
    bool acceptChangedData = false;       ///< go on although the data changed since the checkpoint
    std::int64_t largestMicroBatch = 0;   ///< that fits after the kernel ended the last worker for want of memory; 0 = as it was

    bool operator==(const ResumeTerms&) const = default;
};

/// Leaves them beside the run. Throws DSK-01, DSK-02.
void leaveTerms(const RunFolder& run, const ResumeTerms& terms);
/// Those that lie there, which are then used up: the resume after this one has none. Defaults where none do.
ResumeTerms takeTerms(const RunFolder& run);

}  // namespace headroom::store
