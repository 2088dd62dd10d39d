// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

namespace headroom::process {

/// Where the kernel's files are looked for; tests put folders of their own here.
struct SystemRoot {
    std::filesystem::path proc = "/proc";
    std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// The machine's own, or the folders `proc` and `cgroup` below HEADROOM_SYSTEM_ROOT: by that variable, which only tests
/// set, whole programs are told what the kernel says.
SystemRoot systemRoot();

}  // namespace headroom::process
