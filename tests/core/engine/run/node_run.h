// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "core/engine/run/reference.h"
#include "engine/run/kernel.h"

namespace headroom::test {

/// One operator alone: its node in a graph of its own, run in a chosen element type. Backward sees only what the
/// operator's entry says that it saves.
class NodeRun {
public:
    NodeRun(const OperatorCase& operatorCase, at::ScalarType type, at::Device device = at::kCPU);

    /// Outputs as row-major doubles.
    std::vector<Plain> forward(const std::vector<Plain>& inputs);
    /// After forward: gradients of the inputs for these gradients of the outputs; empty where there is none.
    std::vector<Plain> backward(const std::vector<Plain>& outputGradients);
    /// With another kernel in place of the operator's own.
    std::vector<Plain> backwardOf(const run::Kernel& kernel, const std::vector<Plain>& outputGradients);
    bool isDifferentiable(std::size_t input) const { return m_wants[input]; }
    /// What forward saved besides inputs and outputs has the types and extents that the entry promised.
    bool extrasAreAsPromised() const { return m_extrasAsPromised; }
    const std::vector<at::Tensor>& outputs() const { return m_outputs; }

private:
    graph::ResolvedNode resolved() const;
    run::KernelContext context();
    at::Tensor tensorOf(const Plain& plain, bool integer) const;

    const OperatorCase& m_case;
    at::ScalarType m_type;
    at::Device m_device;
    graph::Graph m_graph;
    std::vector<graph::ResolvedTensor> m_inputTypes, m_outputTypes;
    std::vector<const graph::ResolvedTensor*> m_inputPointers, m_outputPointers;
    std::vector<at::Tensor> m_inputs, m_outputs, m_extras;
    std::vector<char> m_wants;
    bool m_extrasAsPromised = true;
};

}  // namespace headroom::test
