// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace headroom::gpu {

/// One rule; `run` returns what is wrong, or nothing.
struct Check {
    std::string name;
    std::function<std::string()> run;
};

/// All checks of the first CUDA device against the CPU. Listing them needs no device.
std::vector<Check> checks();

}  // namespace headroom::gpu
