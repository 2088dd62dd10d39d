// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "base/units/units.h"

namespace headroom::process {

/// A line "Key:   123 kB" of /proc/meminfo or /proc/<pid>/status; nothing where there is none.
std::optional<Bytes> readKilobytes(const std::filesystem::path& file, const std::string& key);

}  // namespace headroom::process
