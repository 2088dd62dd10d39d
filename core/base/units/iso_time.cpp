// SPDX-License-Identifier: Apache-2.0
#include "base/units/iso_time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>

namespace headroom {

std::string isoTime(double seconds) {
    const auto whole = static_cast<std::time_t>(std::floor(seconds));
    const int milli = static_cast<int>((seconds - std::floor(seconds)) * 1000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(whole), milli);
}

std::string isoTimeNow() {
    return isoTime(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace headroom
