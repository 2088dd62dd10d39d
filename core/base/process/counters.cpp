// SPDX-License-Identifier: Apache-2.0
#include "base/process/counters.h"

#include <fstream>

namespace headroom::process {

std::optional<std::uint64_t> readCounter(const std::filesystem::path& path, const std::string& key) {
    std::ifstream file(path);
    std::string name;
    std::uint64_t value = 0;
    while (file >> name >> value)
        if (name == key) return value;
    return std::nullopt;
}

std::optional<std::uint64_t> readNumber(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

}  // namespace headroom::process
