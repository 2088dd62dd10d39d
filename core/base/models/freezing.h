// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "base/graph/graph.h"

namespace headroom::models {

/// Freezes the parameters whose names fit `patterns` (patterns.h), thaws those that are taken out: "*, !head.*" trains the head alone.
/// Throws CFG-09 where a pattern fits no parameter, or nothing is left to train.
void freeze(graph::Graph& graph, std::string_view patterns);

using ParameterNames = std::set<std::string, std::less<>>;

/// Those that are frozen.
ParameterNames frozenOf(const graph::Graph& graph);

/// Patterns with which freeze() freezes exactly these parameters of the graph, as patternsFor() makes them.
std::string freezingPatterns(const graph::Graph& graph, const ParameterNames& frozen, std::string_view kept = {});

}  // namespace headroom::models
