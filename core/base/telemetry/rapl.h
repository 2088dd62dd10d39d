// SPDX-License-Identifier: Apache-2.0
// Inside telemetry only.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/telemetry/reading.h"

namespace headroom::telemetry {

/// Energy of the CPU packages by the kernel's powercap counters (Documentation/power/powercap). Counters wrap around at
/// max_energy_range_uj; reading at least once an hour finds every wrap.
class Rapl {
public:
    explicit Rapl(std::filesystem::path powercap);

    /// Joules since construction; missing with the text of RAPL-01.
    Figure<double> read();

private:
    struct Package {
        std::filesystem::path counter;
        double range = 0;  ///< microjoules
        double last = 0;
    };
    std::vector<Package> m_packages;
    std::string m_reason;
    double m_microjoules = 0;
};

}  // namespace headroom::telemetry
