// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/config/run_config.h"

// Runs with the techniques that save memory, in the combinations that the configuration allows.
namespace headroom::test {

/// A small run of a built-in net: 8 samples a step, dropout, clipping, averages, broken steps left out.
config::RunConfig runOf(std::string_view arch, std::string_view optimizer, std::int64_t microBatch = 0);
/// As updates within the backward pass want it: no clipping, no step left out.
config::RunConfig inBackward(config::RunConfig config);

struct Combination {
    std::string name;  ///< of its techniques, joined; "plain"
    config::RunConfig config;
};
/// AdamW with these techniques (names as in Combination::name).
config::RunConfig combined(std::string_view arch, const std::vector<std::string_view>& techniques);
/// Every one that the configuration's rules allow.
std::vector<Combination> allCombinations(std::string_view arch);
/// So many of them that every two settings that are allowed together stand together in one; chosen greedily.
std::vector<Combination> pairs(std::string_view arch);

}  // namespace headroom::test
