// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/sampler.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include "base/process/available_memory.h"
#include "base/process/kilobytes.h"
#include "base/telemetry/nvml.h"
#include "base/telemetry/proc.h"
#include "base/telemetry/rapl.h"

namespace headroom::telemetry {
namespace {

/// The largest number stands for what nobody says.
Figure<Bytes> memory(Bytes bytes) {
    return bytes < std::numeric_limits<Bytes>::max() ? Figure<Bytes>::of(bytes)
                                                     : Figure<Bytes>::missing("/proc/meminfo cannot be read.");
}

double seconds(auto sinceEpoch) { return std::chrono::duration<double>(sinceEpoch).count(); }

}  // namespace

struct Sampler::Parts {
    explicit Parts(Sources from) : sources(std::move(from)), rapl(sources.powercap), nvml(sources.nvml) {}

    void readCpu(Reading& reading, const std::vector<pid_t>& ours);
    Figure<Bytes> sumOf(const std::vector<pid_t>& ours, const char* key) const;

    Sources sources;
    Rapl rapl;
    Nvml nvml;
    std::optional<CpuTicks> before;
    std::map<pid_t, std::uint64_t> oursBefore;
};

void Sampler::Parts::readCpu(Reading& reading, const std::vector<pid_t>& ours) {
    const auto ticks = readCpuTicks(sources.proc);
    std::map<pid_t, std::uint64_t> oursNow;
    std::uint64_t used = 0;
    for (const pid_t pid : ours) {
        const auto now = readProcessTicks(sources.proc, pid);
        if (!now) continue;
        const auto known = oursBefore.find(pid);
        if (known != oursBefore.end() && *now >= known->second) used += *now - known->second;
        oursNow[pid] = *now;
    }
    const bool first = !before || !ticks || ticks->all <= before->all;
    const char* reason = ticks ? "The first reading has nothing to compare with." : "/proc/stat cannot be read.";
    reading.cpu = reading.cpuOurs = Figure<double>::missing(reason);
    if (!first) {
        const auto span = static_cast<double>(ticks->all - before->all);
        reading.cpu = Figure<double>::of(std::clamp(static_cast<double>(ticks->busy - before->busy) / span, 0.0, 1.0));
        reading.cpuOurs = oursNow.empty() ? Figure<double>::missing("The process is gone.")
                                          : Figure<double>::of(std::min(1.0, static_cast<double>(used) / span));
    }
    before = ticks;
    oursBefore = std::move(oursNow);
}

Figure<Bytes> Sampler::Parts::sumOf(const std::vector<pid_t>& ours, const char* key) const {
    Bytes sum = 0;
    bool any = false;
    for (const pid_t pid : ours)
        if (const auto bytes = process::readKilobytes(sources.proc / std::to_string(pid) / "status", key)) {
            sum += *bytes;
            any = true;
        }
    return any ? Figure<Bytes>::of(sum) : Figure<Bytes>::missing("The process is gone.");
}

Sampler::Sampler(Sources sources) : m_parts(std::make_unique<Parts>(std::move(sources))) {}
Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;

Reading Sampler::read(const std::vector<pid_t>& given) {
    Parts& p = *m_parts;
    const std::vector<pid_t> ours = given.empty() ? std::vector<pid_t>{::getpid()} : given;
    Reading reading;
    reading.wallTime = seconds(std::chrono::system_clock::now().time_since_epoch());
    reading.steadyTime = seconds(std::chrono::steady_clock::now().time_since_epoch());
    p.readCpu(reading, ours);
    reading.processResident = p.sumOf(ours, "VmRSS");
    reading.processPeak = p.sumOf(ours, "VmHWM");
    const process::SystemRoot root{p.sources.proc, p.sources.cgroup};
    reading.memoryTotal = memory(process::totalMemory(root));
    reading.memoryAvailable = memory(process::availableMemory(root));
    reading.cpuJoules = p.rapl.read();
    reading.gpus = p.nvml.read(ours);
    if (reading.gpus.empty())
        reading.gpuReason = p.nvml.reason().empty() ? "The driver shows no GPU." : p.nvml.reason();
    return reading;
}

}  // namespace headroom::telemetry
