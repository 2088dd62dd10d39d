// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/energy.h"

#include <algorithm>

namespace headroom::telemetry {
namespace {

const GpuReading* find(const Reading& reading, int index) {
    const auto found = std::ranges::find(reading.gpus, index, &GpuReading::index);
    return found == reading.gpus.end() ? nullptr : &*found;
}

/// Growth of a counter; one that went back was reset (driver loaded again), so nothing is known.
double grown(double now, double before) { return std::max(0.0, now - before); }

void mention(std::string& all, const std::string& reason) {
    if (reason.empty() || all.find(reason) != std::string::npos) return;
    if (!all.empty()) all += ' ';
    all += reason;
}

}  // namespace

EnergyMeter::EnergyMeter(double before, std::vector<int> gpus) : m_joules(before), m_gpus(std::move(gpus)) {}

void EnergyMeter::add(const Reading& reading) {
    if (reading.cpuJoules)
        m_any = true;
    else
        mention(m_leftOut, reading.cpuJoules.reason);
    for (const int index : m_gpus) {
        const GpuReading* now = find(reading, index);
        if (now != nullptr && (now->joules || now->power))
            m_any = true;
        else
            mention(m_leftOut, now == nullptr ? reading.gpuReason : now->power.reason);
    }
    if (m_last) {
        const double seconds = grown(reading.steadyTime, m_last->steadyTime);
        if (reading.cpuJoules && m_last->cpuJoules)
            m_joules += grown(*reading.cpuJoules.value, *m_last->cpuJoules.value);
        for (const int index : m_gpus)
            if (const GpuReading* now = find(reading, index))
                m_joules += gpuJoules(*now, find(*m_last, index), seconds);
    }
    m_last = reading;
}

double EnergyMeter::gpuJoules(const GpuReading& now, const GpuReading* before, double seconds) {
    if (before == nullptr) return 0;
    if (now.joules && before->joules) return grown(*now.joules.value, *before->joules.value);
    if (now.power && before->power) return (*now.power.value + *before->power.value) / 2 * seconds;
    return 0;
}

Figure<double> EnergyMeter::joules() const {
    if (m_any || m_joules > 0) return Figure<double>::of(m_joules);
    return Figure<double>::missing(m_leftOut.empty() ? "Nothing was read yet." : m_leftOut);
}

}  // namespace headroom::telemetry
