// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/program.h"

// What waits for the backward pass outside of the device's memory: on the CPU in a file, on CUDA in the machine's memory
// (Rhu et al.: vDNN, arXiv 1602.08124).
namespace headroom::plan {

enum class Offload {
    Off,
    Activations,  ///< everything that is worth the way
    Auto          ///< what keeps the step within a budget, and no more
};

/// By NodeId: the first `count` nodes. What is made first waits longest, so it is the first to go.
std::vector<bool> firstNodes(const graph::Graph& graph, std::size_t count);

/// Changes a training program so that what these nodes make (by NodeId; outputs, extras and casts) goes out after the last
/// forward that touches it and comes back before the first instruction of the backward pass that does. Memories of less
/// than 16 KiB stay, and those that are wanted again at once. What shares a memory goes and comes with it.
void moveOut(Program& program, const std::vector<bool>& nodes);

/// Bytes that a micro-batch writes out; it reads as many back.
Bytes bytesOut(const Program& program);

}  // namespace headroom::plan
