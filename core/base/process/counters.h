// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace headroom::process {

/// The number in the line "key 123" of a file of the kernel (/proc/vmstat, memory.events); nothing where there is none.
std::optional<std::uint64_t> readCounter(const std::filesystem::path& file, const std::string& key);
/// The number that is all of a file of the kernel (memory.current); nothing where there is none, "max" among them.
std::optional<std::uint64_t> readNumber(const std::filesystem::path& file);

}  // namespace headroom::process
