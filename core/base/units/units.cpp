// SPDX-License-Identifier: Apache-2.0
#include "base/units/units.h"

#include <fmt/format.h>

#include <cmath>

namespace headroom {

std::string grouped(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

std::string readableBytes(Bytes bytes) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    int unit = 0;
    while (std::abs(value) >= 1024 && unit < 4) {
        value /= 1024;
        ++unit;
    }
    if (unit == 0 || std::abs(value) >= 100) return fmt::format("{:.0f} {}", value, kUnits[unit]);
    return fmt::format("{:.{}f} {}", value, std::abs(value) >= 10 ? 1 : 2, kUnits[unit]);
}

}  // namespace headroom
