// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/graph/graph.h"
#include "base/plan/program.h"
#include "engine/run/kernel.h"
#include "engine/tensor/memory.h"
#include "engine/tensor/offload_store.h"

namespace headroom::run {

/// Parameters and buffers of a graph by ValueId; gradients of parameters likewise (undefined where absent). Weights of
/// convolutions are kept channels-last. Owned by the model; the executor borrows it for a call.
struct TensorSet {
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> gradients;
};

/// Called after every instruction: index of the instruction; for the counting test, profiles and cancellation.
using Observer = std::function<void(std::size_t instruction)>;

/// Updates parameters within the backward pass, each when its gradient is complete (plan::Instruction::updates).
struct Updates {
    /// Asked once, with the loss, when nothing has changed yet and the memory of the rest is assured; false: the pass ends here.
    std::function<bool(const at::Tensor& loss)> begin;
    std::function<void(graph::ValueId parameter, const at::Tensor& gradient)> update;
};

/// Walks a program: forward, then backward, node by node, without autograd across nodes. Obeys the program's casts,
/// releases and gradient actions to the letter. Has no state between calls but its slots' capacity.
class Executor {
public:
    explicit Executor(const graph::Graph& graph);
    /// Where programs with Instruction::stores put what goes out; `store` has Program::outside bytes of room, and lives on.
    void setOffloadStore(tensor::OffloadStore* store) { m_store = store; }

    /// Runs one micro-batch. `inputs` in the order of graph.inputs(), on the device, in the program's element types.
    /// Gradients of parameters are left in `tensors.gradients` (stored or added as the program says).
    /// `lossScale` multiplies the gradient of output 0 (the share of this micro-batch in the effective batch).
    /// Returns the values of `program`'s kept slots: the graph's outputs, in order.
    /// `updates`: for a program that updates in its backward pass; no gradients are left then. Where its begin() says no, the
    /// value of output 0 comes back alone.
    /// Throws Error MEM-01 naming the node where memory runs out; slots are empty afterwards.
    std::vector<at::Tensor> run(const plan::Program& program, TensorSet& tensors, std::vector<at::Tensor> inputs,
                                const StepIdentity& identity, double lossScale = 1, const Observer& observer = {},
                                const Updates* updates = nullptr);

private:
    /// The tensors of one node at a time; kept between calls for their capacity alone.
    struct Operands {
        std::vector<at::Tensor> inputs, outputs, extras, outputGradients, inputGradients;
        std::vector<const graph::ResolvedTensor*> inputTypes, outputTypes;
        std::vector<char> wantsGradient;
        void clear();
    };
    void load(const plan::Program& program, TensorSet& tensors, std::vector<at::Tensor> inputs);
    void execute(const plan::Program& program, const plan::Instruction& instruction, const StepIdentity& identity, const Updates* updates);
    void assure(const plan::Program& program, std::size_t from, std::optional<tensor::AssuredMemory>& rest);
    void updateIdle(const plan::Program& program, const TensorSet& tensors, const Updates& updates);
    void forward(const plan::Program& program, const plan::Instruction& instruction, KernelContext& context);
    void backward(const plan::Program& program, const plan::Instruction& instruction, KernelContext& context);
    void fetch(const plan::Program& program, const plan::Instruction& instruction);
    void castInputs(const plan::Program& program, const plan::Instruction& instruction);
    void gather(const plan::Program& program, const plan::Instruction& instruction);
    void settle(const plan::Program& program, const plan::GradientTarget& target, at::Tensor gradient);
    void put(const plan::Program& program, plan::SlotId slot, at::Tensor tensor);
    void seed(const plan::Program& program, const plan::Instruction& first, double lossScale);
    at::Tensor& slot(plan::SlotId id) { return m_slots[static_cast<std::size_t>(id)]; }
    at::Tensor read(plan::SlotId id) const { return id < 0 ? at::Tensor() : m_slots[static_cast<std::size_t>(id)]; }

    const graph::Graph& m_graph;
    std::vector<const Kernel*> m_kernels;  ///< by NodeId
    tensor::OffloadStore* m_store = nullptr;
    std::vector<graph::ValueId> m_inputs, m_trained;
    std::vector<at::Tensor> m_slots;
    Operands m_operands;
};

/// Fills parameters and buffers as their initializers say, each a function of the seed and its name alone: the same on
/// any device, in any order. Convolution kernels are channels-last. Element types are those of the precision.
void initialize(const graph::Graph& graph, std::uint64_t seed, TensorSet& tensors,
                plan::Precision precision = plan::Precision::Fp32);

}  // namespace headroom::run
