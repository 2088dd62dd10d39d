// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/units/units.h"

namespace headroom::prover {

struct Request {
    std::filesystem::path model;    ///< ONNX
    std::filesystem::path samples;  ///< safetensors: one tensor an input of the model, first dimension = samples
    std::filesystem::path outputs;  ///< safetensors, written: one tensor an output, in fp32
    /// f32, or default: what OpenVINO chooses itself, on the CPU bf16 where the processor has it.
    std::string precision = "f32";
    std::int64_t batch = 256;
    int threads = 0;                ///< 0 = all
};

struct Latency {
    std::int64_t batch = 1;
    int threads = 0;
    double p50Ms = 0, p90Ms = 0, p99Ms = 0;
};

struct Report {
    std::string runtime;    ///< "OpenVINO 2026.4.1-..."
    std::string device;     ///< the processor's name
    std::string precision;  ///< as the compiled model states it
    double loadMs = 0;      ///< reading and compiling
    std::int64_t samples = 0;
    double samplesPerSecond = 0;     ///< of the pass over all samples
    std::vector<Latency> latencies;  ///< batch 1, on one and on all threads
    Bytes modelBytes = 0;
    Bytes peakBytes = 0;  ///< growth of the process's VmHWM from before the model was read
};

/// Runs every sample through the file in OpenVINO, writes the outputs and measures. Throws Error EXP-03 where the file
/// cannot be read or run, DAT-05 where the samples do not suit it.
Report prove(const Request& request);

}  // namespace headroom::prover
