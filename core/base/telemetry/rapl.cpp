// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/rapl.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/errors/error.h"

namespace headroom::telemetry {
namespace {

std::optional<double> readNumber(const std::filesystem::path& path) {
    std::ifstream file(path);
    double value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

/// "intel-rapl:0" is a package, "intel-rapl:0:1" a part that its package counts already; AMD's driver has the same
/// names.
bool isPackage(const std::string& name) {
    return name.starts_with("intel-rapl:") && std::ranges::count(name, ':') == 1;
}

std::string reason(std::string problem, std::string remedy) {
    const Failure failure{.code = Code::Rapl01,
                          .subject = "CPU energy not shown",
                          .problem = std::move(problem),
                          .found = {},
                          .allowed = {},
                          .remedy = std::move(remedy)};
    return failure.sentence();
}

}  // namespace

Rapl::Rapl(std::filesystem::path powercap) {
    std::error_code error;
    bool locked = false;
    for (const auto& entry : std::filesystem::directory_iterator(powercap, error)) {
        if (!isPackage(entry.path().filename().string())) continue;
        const auto start = readNumber(entry.path() / "energy_uj");
        locked |= !start;
        if (start)
            m_packages.push_back(
                {entry.path() / "energy_uj", readNumber(entry.path() / "max_energy_range_uj").value_or(0), *start});
    }
    if (!m_packages.empty()) return;
    m_reason = locked ? reason("the kernel allows it to root only (CVE-2020-8694)",
                               "An administrator can allow it: chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj.")
                      : reason("this machine has no readable energy counters", "");
}

Figure<double> Rapl::read() {
    if (m_packages.empty()) return Figure<double>::missing(m_reason);
    for (Package& package : m_packages) {
        const auto value = readNumber(package.counter);
        if (!value) return Figure<double>::missing(reason("a counter became unreadable", ""));
        const double grown = *value - package.last;
        m_microjoules += grown >= 0 ? grown : grown + package.range;
        package.last = *value;
    }
    return Figure<double>::of(m_microjoules * 1e-6);
}

}  // namespace headroom::telemetry
