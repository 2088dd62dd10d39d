// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/config/run_config.h"

namespace headroom::data {

/// What of a configuration decides how data is prepared.
struct Preparation {
    config::RunConfig::Data data;
    std::uint64_t seed = 1;  ///< of the holdout
    std::int64_t context = 128;  ///< of text
};
Preparation preparationOf(const config::RunConfig& config);

}  // namespace headroom::data
