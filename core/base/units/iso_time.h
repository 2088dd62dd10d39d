// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace headroom {

/// "2026-11-21T04:12:33.123Z".
std::string isoTime(double secondsSince1970);
/// Of this moment.
std::string isoTimeNow();

}  // namespace headroom
