// SPDX-License-Identifier: Apache-2.0
// Inside telemetry only.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/telemetry/reading.h"

namespace headroom::telemetry {

/// NVIDIA's management library, opened at run time. Without a driver it has no devices and a reason.
class Nvml {
public:
    explicit Nvml(const std::string& library);
    ~Nvml();
    Nvml(Nvml&&) noexcept;
    Nvml& operator=(Nvml&&) noexcept;

    std::vector<GpuReading> read(const std::vector<pid_t>& ours) const;
    const std::string& reason() const;

private:
    struct Library;
    std::unique_ptr<Library> m_library;
    std::string m_reason;
};

}  // namespace headroom::telemetry
