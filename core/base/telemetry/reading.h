// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/units/units.h"

namespace headroom::telemetry {

/// A figure, or the reason why it cannot be read. Never 0 in place of "not readable".
template <class T>
struct Figure {
    std::optional<T> value;
    std::string reason;  ///< a sentence where there is no value

    static Figure of(T known) { return {known, {}}; }
    static Figure missing(std::string why) { return {std::nullopt, std::move(why)}; }
    explicit operator bool() const { return value.has_value(); }
};

struct GpuReading {
    int index = 0;  ///< of NVML
    std::string name;
    Figure<Bytes> memoryTotal, memoryUsed, memoryOurs;  ///< ours: of the processes asked about
    Figure<double> utilisation;                         ///< 0 to 1
    Figure<double> power;                               ///< watts
    Figure<double> temperature;                         ///< degrees Celsius
    Figure<double> joules;                              ///< since the driver was loaded
};

struct Reading {
    double wallTime = 0;                         ///< seconds since 1970
    double steadyTime = 0;                       ///< seconds on a clock that is never set
    Figure<double> cpu;                          ///< 0 to 1 of all cores, since the reading before
    Figure<double> cpuOurs;                      ///< the same, of the processes asked about
    Figure<Bytes> processResident, processPeak;  ///< of the processes asked about: VmRSS, VmHWM
    Figure<Bytes> memoryTotal, memoryAvailable;  ///< of the machine, or of the memory cgroup where its limit is lower
    Figure<double> cpuJoules;  ///< RAPL packages since the sampler began, wrap-around counted in; else RAPL-01's reason
    std::vector<GpuReading> gpus;
    std::string gpuReason;  ///< why `gpus` is empty: "No NVIDIA driver found (libnvidia-ml.so.1)."
};

}  // namespace headroom::telemetry
