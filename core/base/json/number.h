// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <limits>

namespace headroom::json {

/// Number as JSON; NaN and infinities, which JSON lacks, as text: "nan", "inf", "-inf".
template <typename Json>
Json number(double value) {
    if (std::isfinite(value)) return value;
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/// The number that number() wrote; NaN for anything else.
template <typename Json>
double numberFrom(const Json& written) {
    if (written.is_number()) return written.template get<double>();
    if (written == "inf") return std::numeric_limits<double>::infinity();
    return written == "-inf" ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace headroom::json
