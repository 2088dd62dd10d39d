// SPDX-License-Identifier: Apache-2.0
#include "prover/memory_bound.h"

#include <sys/resource.h>

#include "base/plan/training_step.h"
#include "base/process/available_memory.h"
#include "base/process/kilobytes.h"

namespace headroom::prover {

void boundMemory() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_DATA, &limit) != 0) return;
    const Bytes has = process::readKilobytes("/proc/self/status", "VmData").value_or(0);
    const auto most = static_cast<rlim_t>(has) + static_cast<rlim_t>(plan::automaticBudget(process::availableMemory()));
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= most) return;
    limit.rlim_cur = most;
    ::setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace headroom::prover
