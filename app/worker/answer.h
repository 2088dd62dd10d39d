// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <nlohmann/json.hpp>

namespace headroom::worker {

/// Prints what `work` returns as one JSON document on standard output, or {"error":{"code","message"}} where it throws.
/// Returns the exit status.
int answer(const std::function<nlohmann::json()>& work);

}  // namespace headroom::worker
