// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <memory>
#include <openvino/openvino.hpp>

#include "base/errors/error.h"
#include "base/process/high_water.h"
#include "prover/report.h"

namespace headroom::prover {

using Clock = std::chrono::steady_clock;
double millisecondsSince(Clock::time_point begin);

Error unusable(const Request& request, Code code, std::string problem, std::string found);

/// A file in OpenVINO, compiled for the CPU; knows what opening it took.
class OpenedModel {
public:
    /// Throws EXP-03 where there is no such file, what formats::requireOneFile() throws, and OpenVINO's exceptions.
    explicit OpenedModel(Request request);

    const Request& request() const { return m_request; }
    const ov::Model& model() const { return *m_model; }
    ov::CompiledModel& compiled() { return m_compiled; }
    /// The same on so many threads; 0 = all.
    ov::CompiledModel compiledFor(int threads);
    /// Load times through the folder Request::cache. Throws OpenVINO's exceptions.
    CacheTimes measureCache() const;

    /// What is known so far: device, precision, load time, memory.
    Report report() const;

private:
    Request m_request;
    process::MemoryGrowth m_growth;
    ov::Core m_core;
    std::shared_ptr<ov::Model> m_model;
    ov::CompiledModel m_compiled;
    double m_loadMs = 0;
};

}  // namespace headroom::prover
