// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/op_entry.h"

namespace headroom::run {

/// Identity of the samples in a micro-batch: randomness is a function of it, never a stream, so that it does not depend
/// on the micro-batch size, the number of threads or where a run was resumed.
struct StepIdentity {
    std::uint64_t seed = 0;
    std::int64_t step = 0;
    std::span<const std::int64_t> samples;  ///< position of each sample within the step's effective batch
};

/// What a kernel sees of one node. Tensors that were not saved or are absent are undefined; their types are known.
struct KernelContext {
    const graph::Node& node;
    const graph::Graph* graph = nullptr;  ///< that the node belongs to: what its constants hold
    bool training = true;
    StepIdentity identity{};
    std::span<const graph::ResolvedTensor* const> inputTypes{};   ///< of the values, before casts; nullptr: absent
    std::span<const graph::ResolvedTensor* const> outputTypes{};  ///< what forward must deliver
    std::span<at::Tensor> inputs{};
    std::span<at::Tensor> outputs{};  ///< forward writes them
    std::span<at::Tensor> extras{};   ///< forward writes them, backward reads them
    bool writesInput = false;       ///< forward: output 0 may be written over input 0
    bool again = false;             ///< forward made a second time for the backward: buffers stay as they are

    std::span<const at::Tensor> outputGradients{};  ///< backward
    std::span<const bool> wantsGradient{};          ///< backward, an entry an input
    std::span<at::Tensor> inputGradients{};         ///< backward writes those that are wanted
};

/// The engine's half of an operator; the other half is the graph::OpEntry it points to.
struct Kernel {
    const graph::OpEntry* op;
    void (*forward)(KernelContext&);
    void (*backward)(KernelContext&);  ///< nullptr: an autograd segment of its own
};

/// The kernel of an operator. Every entry of graph::allOps() has one; a test holds it.
const Kernel& kernel(const graph::OpEntry& op);

}  // namespace headroom::run
