// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace headroom::formats {

/// The product, or nothing where it does not fit.
inline std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
    std::uint64_t result = 0;
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
}

/// "47,040,000": sizes as files declare them, up to 2^64 - 1.
inline std::string groupedUnsigned(std::uint64_t number) {
    std::string text = fmt::format("{}", number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

/// "1 byte", "47,040,000 bytes".
inline std::string countOf(std::uint64_t number, const char* one, const char* many) {
    return groupedUnsigned(number) + " " + (number == 1 ? one : many);
}
inline std::string bytesText(std::uint64_t number) { return countOf(number, "byte", "bytes"); }

}  // namespace headroom::formats
