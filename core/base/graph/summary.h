// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "base/graph/graph.h"

namespace headroom::graph {

/// What a graph is, for people: `inputs` and `outputs` (name, type, shape: numbers, or the names of free dimensions), `nodes`,
/// `operators` (name, count), `parameters` and `buffers` (elements), `without_gradient` (operators that no gradient passes).
nlohmann::json summaryOf(const Graph& graph);

/// Elements of the parameters that are not frozen.
std::int64_t trainedCount(const Graph& graph);

}  // namespace headroom::graph
