// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string_view>

#include "base/plan/device_model.h"

namespace headroom::plan {

/// A processor from the text of /proc/cpuinfo: FLOP/s are cores x nominal frequency x FLOPs a cycle of the widest
/// instructions that the kernels use (two units of fused multiply-add a core). `threads` that a run may use; two of them
/// on one core count once. Bandwidth, and power where `watts` is 0, are estimates.
DeviceModel cpuModel(std::string_view cpuinfo, int threads, Bytes memory, double watts = 0);

/// Where thisCpu() looks; tests put folders of their own here.
struct CpuSources {
    std::filesystem::path proc = "/proc";
    std::filesystem::path powercap = "/sys/class/powercap";
};
/// This machine's processor as the calling process may use it.
DeviceModel thisCpu(const CpuSources& sources = {});

}  // namespace headroom::plan
