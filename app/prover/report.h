// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/units/units.h"

namespace headroom::prover {

/// How a file is to be run.
struct Request {
    std::filesystem::path model;  ///< ONNX
    /// f32, or default: what OpenVINO chooses itself, on the CPU bf16 where the processor has it.
    std::string precision = "f32";
    std::int64_t batch = 32;      ///< samples at a time
    int threads = 0;              ///< 0 = all
    std::filesystem::path cache;  ///< folder for compiled models; empty: loading from a cache is not measured
};

struct Latency {
    std::int64_t batch = 1;
    int threads = 0;
    std::int64_t runs = 0;  ///< that the percentiles are of
    double p50Ms = 0, p90Ms = 0, p99Ms = 0;
    double samplesPerSecond = 0;  ///< of these runs
};

/// Loading with OpenVINO's cache of compiled models: into an empty one, then out of it.
struct CacheTimes {
    double firstMs = 0, secondMs = 0;
    Bytes bytes = 0;     ///< of the cache
    bool used = false;   ///< the second load came out of the cache
};

struct Report {
    std::string runtime;    ///< "OpenVINO 2026.4.1"
    std::string device;     ///< the processor's name
    std::string precision;  ///< of the arithmetic, as the compiled model states it
    double loadMs = 0;      ///< reading and compiling in a process that loaded nothing before
    std::int64_t samples = 0;
    double samplesPerSecond = 0;     ///< of the passes over all samples
    std::vector<Latency> latencies;  ///< batch 1 and Request::batch, each on one thread and on Request::threads
    Bytes modelBytes = 0;
    Bytes peakBytes = 0;     ///< growth of the process's VmHWM from before the model was read, until all samples had run
    Bytes processBytes = 0;  ///< VmHWM itself at that time: with the runtime's own libraries
    std::optional<CacheTimes> cache;
};

nlohmann::ordered_json asJson(const Report& report);

}  // namespace headroom::prover
