// SPDX-License-Identifier: Apache-2.0
#include "base/process/system_root.h"

#include <cstdlib>

namespace headroom::process {

SystemRoot systemRoot() {
    const char* folder = std::getenv("HEADROOM_SYSTEM_ROOT");
    if (!folder || *folder == '\0') return {};
    const std::filesystem::path root(folder);
    return {root / "proc", root / "cgroup"};
}

}  // namespace headroom::process
