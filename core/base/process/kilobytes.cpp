// SPDX-License-Identifier: Apache-2.0
#include "base/process/kilobytes.h"

#include <fstream>
#include <sstream>

namespace headroom::process {

std::optional<Bytes> readKilobytes(const std::filesystem::path& path, const std::string& key) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
        std::istringstream rest(line.substr(key.size() + 1));
        Bytes kilobytes = 0;
        return rest >> kilobytes ? std::optional(kilobytes * kKiB) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace headroom::process
