// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/telemetry/reading.h"

namespace headroom::telemetry {

/// Where the figures come from; tests put folders and a library of their own here.
struct Sources {
    std::filesystem::path proc = "/proc";
    std::filesystem::path powercap = "/sys/class/powercap";
    std::string nvml = "libnvidia-ml.so.1";  ///< opened at run time; empty = never
    std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// Reads the machine's figures. Not for the GUI thread: a call takes about a millisecond, with a driver several.
/// One thread at a time.
class Sampler {
public:
    explicit Sampler(Sources sources = {});
    ~Sampler();
    Sampler(Sampler&&) noexcept;
    Sampler& operator=(Sampler&&) noexcept;

    /// `ours`: processes whose use is "ours"; empty = the calling process. The first reading has no CPU share yet.
    Reading read(const std::vector<pid_t>& ours = {});

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::telemetry
