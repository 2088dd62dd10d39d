// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/telemetry/reading.h"

namespace headroom::telemetry {

/// Joules of a run from readings, growing: CPU packages, and the GPUs used (their own counter where there is one, else
/// power integrated over time by the trapezoidal rule). What cannot be read is left out and named.
class EnergyMeter {
public:
    /// `before`: joules of earlier sessions. `gpus`: indices that count.
    explicit EnergyMeter(double before = 0, std::vector<int> gpus = {});

    void add(const Reading& reading);
    /// Missing, with the reasons, where no source could be read.
    Figure<double> joules() const;
    /// Sources left out: "CPU energy not shown: ..." Empty where the figure is whole.
    const std::string& leftOut() const { return m_leftOut; }

private:
    double gpuJoules(const GpuReading& now, const GpuReading* before, double seconds);

    double m_joules;
    std::vector<int> m_gpus;
    bool m_any = false;
    std::optional<Reading> m_last;
    std::string m_leftOut;
};

}  // namespace headroom::telemetry
