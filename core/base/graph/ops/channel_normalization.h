// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Normalisation of groups of channels, single channels and rows, without running statistics.
std::span<const OpEntry> channelNormalizationOps();

}  // namespace headroom::graph
