// SPDX-License-Identifier: Apache-2.0
#include "base/process/pressure.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/process/available_memory.h"

namespace headroom::process {
namespace {

constexpr Bytes kShare = 20;
constexpr Bytes kMost = 2 * kGiB;
constexpr double kTenSecondsShare = 0.10;
constexpr double kIntervalShare = 0.25;
/// Of both lines once the system is short.
constexpr int kWayBack = 2;

/// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", total in microseconds.
std::optional<MemoryReading::Stall> readStall(const std::filesystem::path& path, const std::string& kind) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string field;
        if (!(fields >> field) || field != kind) continue;
        MemoryReading::Stall stall;
        while (fields >> field) {
            std::istringstream number(field.substr(field.find('=') + 1));
            double value = 0;
            if (!(number >> value)) return std::nullopt;
            if (field.starts_with("avg10=")) stall.lastTenSeconds = value / 100;
            if (field.starts_with("total=")) stall.seconds = value / 1e6;
        }
        return stall;
    }
    return std::nullopt;
}

bool lacksMemory(const MemoryReading& reading, bool already) {
    const Bytes line = std::min(reading.total / kShare, kMost);
    return reading.available < (already ? line * kWayBack : line);
}

}  // namespace

MemoryReading readMemory(const SystemRoot& root) {
    const auto pressure = root.proc / "pressure" / "memory";
    return {readStall(pressure, "some"), readStall(pressure, "full"), availableMemory(root), totalMemory(root)};
}

bool PressureWatch::isDue(const MemoryReading& reading, double seconds) {
    double interval = 0;
    if (reading.full && m_before && seconds > m_beforeSeconds)
        interval = (reading.full->seconds - m_before->seconds) / (seconds - m_beforeSeconds);
    m_before = reading.full;
    m_beforeSeconds = seconds;
    const double easier = m_short ? kWayBack : 1;
    const bool waits = reading.full && (reading.full->lastTenSeconds >= kTenSecondsShare / easier || interval >= kIntervalShare / easier);
    const bool wasShort = m_short;
    m_short = waits || lacksMemory(reading, wasShort);
    if (!m_short || (wasShort && seconds - m_toldSeconds < kAgainAfterSeconds)) return false;
    m_toldSeconds = seconds;
    return true;
}

std::string shortageText(const MemoryReading& reading) {
    std::string text = fmt::format("Memory is short: {} of {} are left", readableBytes(reading.available), readableBytes(reading.total));
    if (reading.full && reading.full->lastTenSeconds > 0)
        text += fmt::format(", for {:.0f} % of the last ten seconds all programs waited for memory", 100 * reading.full->lastTenSeconds);
    return text + ".";
}

}  // namespace headroom::process
