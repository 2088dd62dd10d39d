// SPDX-License-Identifier: Apache-2.0
#include "base/process/memory_cgroup.h"

#include <fstream>
#include <string>
#include <string_view>

#include "base/process/counters.h"

namespace headroom::process {
namespace {

using Version = MemoryCgroup::Version;

/// The kernel's files of one version (admin-guide/cgroup-v1/memory.rst, admin-guide/cgroup-v2.rst).
struct Names {
    const char* limit;
    const char* use;
    const char* unusedCache;  ///< key in memory.stat, over the whole subtree
    const char* events;
};

const Names& namesOf(Version version) {
    static constexpr Names v1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control"};
    static constexpr Names v2{"memory.max", "memory.current", "inactive_file", "memory.events"};
    return version == Version::V1 ? v1 : v2;
}

/// Without a limit v1 says the largest number of pages, v2 "max".
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62;

bool isListed(std::string_view controllers, std::string_view wanted) {
    while (!controllers.empty()) {
        const std::size_t end = controllers.find(',');
        if (controllers.substr(0, end) == wanted) return true;
        controllers.remove_prefix(end == std::string_view::npos ? controllers.size() : end + 1);
    }
    return false;
}

std::optional<MemoryCgroup> groupAt(const std::filesystem::path& top, const std::string& path, Version version) {
    const std::filesystem::path inside = std::filesystem::path(path).relative_path();
    MemoryCgroup group{inside.empty() ? top : top / inside, top, version};
    const char* events = namesOf(version).events;
    std::error_code ignored;
    if (std::filesystem::exists(group.folder / events, ignored)) return group;
    group.folder = top;
    return std::filesystem::exists(top / events, ignored) ? std::optional(group) : std::nullopt;
}

std::optional<CgroupMemory> ownMemory(const std::filesystem::path& folder, const Names& names) {
    const auto limit = readNumber(folder / names.limit), use = readNumber(folder / names.use);
    if (!limit || !use || *limit >= kNoLimit) return std::nullopt;
    const std::uint64_t cache = readCounter(folder / "memory.stat", names.unusedCache).value_or(0);
    return CgroupMemory{static_cast<Bytes>(*limit), static_cast<Bytes>(*use > cache ? *use - cache : 0)};
}

}  // namespace

std::optional<MemoryCgroup> memoryCgroup(const SystemRoot& root) {
    std::ifstream file(root.proc / "self" / "cgroup");
    std::optional<MemoryCgroup> unified;
    // "4:memory:/path" of v1, "0::/path" of v2; where both are there, memory is counted by v1.
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (isListed(controllers, "memory")) return groupAt(root.cgroup / "memory", path, Version::V1);
        if (line.starts_with("0::")) unified = groupAt(root.cgroup, path, Version::V2);
    }
    return unified;
}

std::optional<CgroupMemory> limitedMemory(const MemoryCgroup& group) {
    std::optional<CgroupMemory> least;
    for (std::filesystem::path folder = group.folder;; folder = folder.parent_path()) {
        const auto memory = ownMemory(folder, namesOf(group.version));
        if (memory && (!least || memory->left() < least->left())) least = memory;
        if (folder == group.top || !folder.has_relative_path()) return least;
    }
}

std::optional<std::uint64_t> oomKills(const MemoryCgroup& group) {
    return readCounter(group.folder / namesOf(group.version).events, "oom_kill");
}

}  // namespace headroom::process
