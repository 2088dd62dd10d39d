// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace headroom {

using Bytes = std::int64_t;
constexpr Bytes kKiB = 1024;
constexpr Bytes kMiB = 1024 * kKiB;
constexpr Bytes kGiB = 1024 * kMiB;

/// "47,040,000": for messages in English.
std::string grouped(std::int64_t number);
/// "6.7 GiB", three significant digits.
std::string readableBytes(Bytes bytes);

}  // namespace headroom
