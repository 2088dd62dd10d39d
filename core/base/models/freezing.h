// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

#include "base/graph/graph.h"

namespace headroom::models {

/// Whether the last of `patterns` that fits the name is one without "!": see freeze().
bool fitsPatterns(const std::string& name, std::string_view patterns);

/// Freezes the parameters whose names fit `patterns`: shell patterns (* ? [ ]) with commas or blanks between them, each with "!" before
/// it thaws again what it fits; the last one that fits decides. "*, !head.*" trains the head alone.
/// Throws CFG-09 where a pattern fits no parameter, or nothing is left to train.
void freeze(graph::Graph& graph, std::string_view patterns);

}  // namespace headroom::models
