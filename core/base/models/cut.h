// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/graph.h"

namespace headroom::models {

/// A net in two: `behind` reads as its input, under the name of the net's own, what `before` makes.
struct Cut {
    graph::Graph before, behind;
};

/// Cuts at the last value that all paths from the input to the logits lead through and before which nothing is trained, drawn at
/// random, or follows the batch: what is made up to there is the same for a sample in every epoch.
/// Throws CFG-09 where there is no such value behind the input.
Cut cutFrozen(const graph::Graph& net);

}  // namespace headroom::models
