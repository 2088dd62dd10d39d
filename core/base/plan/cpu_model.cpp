// SPDX-License-Identifier: Apache-2.0
#include "base/plan/cpu_model.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/process/kilobytes.h"

namespace headroom::plan {
namespace {

constexpr double kBandwidthOfCore = 12e9;   // bytes/s: a triad over 200 MB on one core of a 2.5 GHz Xeon
constexpr double kMostBandwidth = 100e9;    // many cores share a few channels
constexpr double kWattsOfCore = 10;         // processors of 65 to 350 W have 6 to 64 cores
constexpr double kFallbackHertz = 2e9;
constexpr double kDisk = 0.5e9;             // bytes/s: a SATA SSD; the disk itself is not asked
constexpr double kNodeSeconds = 10e-6;      // 168 us a step of the smallest net at batch 1, some 20 nodes both ways

/// Value of the first line "key : value"; empty where there is none.
std::string_view valueOf(std::string_view text, std::string_view key) {
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1) == key) {
            const std::size_t value = line.find_first_not_of(" \t", colon + 1);
            return value == std::string_view::npos ? std::string_view{} : line.substr(value);
        }
        begin = end + 1;
    }
    return {};
}

double numberIn(std::string_view text, double fallback) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && number > 0 ? number : fallback;
}

bool has(std::string_view flags, std::string_view flag) {
    return fmt::format(" {} ", flags).find(fmt::format(" {} ", flag)) != std::string::npos;
}

/// FLOPs a core does in a cycle: lanes x 2 units x 2 (multiply and add).
struct PerCycle {
    double fp32, bf16;  ///< bf16 0: not in the hardware
};
PerCycle perCycle(std::string_view cpuinfo) {
    const std::string_view flags = valueOf(cpuinfo, "flags");
    if (has(flags, "amx_bf16")) return {64, 1024};  // a tile product of 16 x 16 x 32 in 16 cycles
    if (has(flags, "avx512_bf16")) return {64, 128};
    if (has(flags, "avx512f")) return {64, 0};
    if (has(flags, "fma")) return {32, 0};
    if (!flags.empty()) return {8, 0};  // SSE2: a multiply and an add of four lanes
    return {16, 0};                     // NEON
}

/// "Xeon @ 2.50GHz" names the nominal frequency; else the one at this moment is all there is.
double hertz(std::string_view cpuinfo) {
    const std::string_view model = valueOf(cpuinfo, "model name");
    if (const std::size_t at = model.find("@ "); at != std::string_view::npos)
        if (const double nominal = numberIn(model.substr(at + 2), 0); nominal > 0) return nominal * 1e9;
    return numberIn(valueOf(cpuinfo, "cpu MHz"), kFallbackHertz / 1e6) * 1e6;
}

int usableThreads() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
    return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

/// Sustained power limit of all packages, which everybody may read where there is one; 0 where not.
double packageWatts(const std::filesystem::path& powercap) {
    double watts = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(powercap, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("intel-rapl:") || std::ranges::count(name, ':') != 1) continue;
        double microwatts = 0;
        if (std::ifstream(entry.path() / "constraint_0_power_limit_uw") >> microwatts) watts += microwatts * 1e-6;
    }
    return watts;
}

}  // namespace

DeviceModel cpuModel(std::string_view cpuinfo, int threads, Bytes memory, double watts) {
    const double onCore = numberIn(valueOf(cpuinfo, "siblings"), 1) / numberIn(valueOf(cpuinfo, "cpu cores"), 1);
    const double cores = std::max(1.0, threads / std::max(1.0, onCore));
    const std::string_view model = valueOf(cpuinfo, "model name");
    const PerCycle flops = perCycle(cpuinfo);
    DeviceModel cpu;
    cpu.name = fmt::format("{}, {} thread{}", model.empty() ? "CPU" : model, threads, threads == 1 ? "" : "s");
    cpu.memory = memory;
    cpu.bandwidth = std::min(cores * kBandwidthOfCore, kMostBandwidth);
    cpu.fp32 = cores * hertz(cpuinfo) * flops.fp32;
    // Without bf16 in the hardware the kernels compute products in fp32.
    cpu.bf16 = flops.bf16 > 0 ? cores * hertz(cpuinfo) * flops.bf16 : cpu.fp32;
    cpu.tf32 = cpu.fp32;
    cpu.watts = watts > 0 ? watts : cores * kWattsOfCore;
    cpu.nodeSeconds = kNodeSeconds;
    cpu.outside = kDisk;
    cpu.bandwidthIsEstimate = true;
    cpu.wattsIsEstimate = watts <= 0;
    return cpu;
}

DeviceModel thisCpu(const CpuSources& sources) {
    std::ifstream file(sources.proc / "cpuinfo");
    const std::string cpuinfo{std::istreambuf_iterator<char>(file), {}};
    const Bytes memory = process::readKilobytes(sources.proc / "meminfo", "MemTotal").value_or(0);
    return cpuModel(cpuinfo, usableThreads(), memory, packageWatts(sources.powercap));
}

}  // namespace headroom::plan
