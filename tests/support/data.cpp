// SPDX-License-Identifier: Apache-2.0
#include "support/data.h"

#include <cstdlib>

namespace headroom::test {

std::filesystem::path dataFolder() {
    const char* folder = std::getenv("HEADROOM_DATA");
    return folder ? std::filesystem::path(folder) : std::filesystem::path();
}

}  // namespace headroom::test
