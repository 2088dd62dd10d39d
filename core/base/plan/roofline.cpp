// SPDX-License-Identifier: Apache-2.0
#include "base/plan/roofline.h"

#include <algorithm>

#include "base/graph/ops/convolution.h"
#include "base/plan/offload.h"
#include "base/plan/types.h"

namespace headroom::plan {
namespace {

using graph::Cost;
using graph::ResolvedNode;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Inputs and outputs once; the backward reads the output gradients and writes those of the inputs besides.
Cost movesAllOnce(const ResolvedNode& node) {
    Bytes bytes = 0;
    for (const auto* tensors : {&node.inputs, &node.outputs})
        for (const graph::ResolvedTensor& tensor : *tensors) bytes += tensor.bytes();
    return {0, 0, bytes, 2 * bytes};
}

/// A program against a device: what all its nodes have in common.
class Roofline {
public:
    Roofline(const graph::Graph& graph, const Program& program, const DeviceModel& device)
        : m_graph(graph), m_program(program), m_device(device),
          m_values(resolvedValues(graph, program.extents, program.precision)) {
        m_nodes.reserve(graph.nodes().size());
        for (const graph::Node& node : graph.nodes()) m_nodes.push_back(resolvedNode(node, m_values, program.precision));
    }

    double seconds() const {
        double sum = 0;
        for (const Instruction& instruction : m_program.instructions) sum += secondsOf(instruction);
        if (m_device.outside > 0) sum += 2 * static_cast<double>(bytesOut(m_program)) / m_device.outside;
        return sum;
    }

    /// Of one instruction, but for what waits outside.
    double secondsOf(const Instruction& instruction) const {
        const graph::Node& node = m_graph.node(instruction.node);
        const double around = static_cast<double>(bytesAround(instruction)) / m_device.bandwidth;
        const ResolvedNode& resolved = m_nodes[at(instruction.node)];
        if (movesNothing(resolved)) return m_device.nodeSeconds + around;
        const Cost cost = node.op->cost ? node.op->cost(resolved) : movesAllOnce(resolved);
        const bool back = instruction.what == Instruction::What::Backward;
        const double share = back ? shareOfBackward(instruction) : 1;
        const double flops = share * (back ? cost.backwardFlops : cost.forwardFlops);
        const double bytes = share * static_cast<double>(back ? cost.backwardBytes : cost.forwardBytes);
        return m_device.nodeSeconds + around + std::max(flops / rate(*node.op), bytes / m_device.bandwidth);
    }

private:
    bool movesNothing(const ResolvedNode& node) const {
        const graph::OpEntry& op = *node.node.op;
        if (op.identityInInference && m_program.mode == Mode::Inference) return true;
        return op.aliasesInput && (!op.isView || op.isView(node));
    }

    /// LibTorch's defaults on CUDA: fp32 convolutions in TF32, fp32 matrix products in fp32.
    double rate(const graph::OpEntry& op) const {
        if (op.precision != graph::PrecisionClass::Lower) return m_device.fp32;
        if (m_program.precision != Precision::Fp32 && m_device.bf16 > 0) return m_device.bf16;
        return &op == &graph::kConv && m_device.tf32 > 0 ? m_device.tf32 : m_device.fp32;
    }

    /// A product's backward is two products of its size, one for each operand; the one of an operand that needs no
    /// gradient is left out.
    double shareOfBackward(const Instruction& instruction) const {
        const auto& targets = instruction.inputGradients;
        if (m_graph.node(instruction.node).op->precision != graph::PrecisionClass::Lower || targets.size() < 2) return 1;
        const auto wanted = std::count_if(targets.begin(), targets.begin() + 2, [](const GradientTarget& target) {
            return target.action != GradientTarget::Action::Drop;
        });
        return static_cast<double>(wanted) / 2;
    }

    /// Casts before the node, and gradients copied or added after it.
    Bytes bytesAround(const Instruction& instruction) const {
        Bytes bytes = 0;
        for (const Cast& cast : instruction.casts) bytes += bytesOf(cast.from) + bytesOf(cast.to);
        for (const GradientTarget& target : instruction.inputGradients) {
            using Action = GradientTarget::Action;
            if (target.action == Action::StoreCopy) bytes += 2 * bytesOf(target.slot);
            if (target.action == Action::AddInPlace || target.action == Action::AddNew) bytes += 3 * bytesOf(target.slot);
        }
        return bytes;
    }

    Bytes bytesOf(SlotId slot) const { return m_program.slots[at(slot)].tensor.bytes(); }

    const graph::Graph& m_graph;
    const Program& m_program;
    const DeviceModel& m_device;
    const std::vector<graph::ResolvedTensor> m_values;
    std::vector<ResolvedNode> m_nodes;  ///< by NodeId
};

}  // namespace

double rooflineSeconds(const graph::Graph& graph, const Program& program, const DeviceModel& device) {
    return Roofline(graph, program, device).seconds();
}

std::vector<double> nodeSeconds(const graph::Graph& graph, const Program& program, const DeviceModel& device) {
    const Roofline roofline(graph, program, device);
    std::vector<double> seconds(graph.nodes().size(), 0.0);
    for (const Instruction& instruction : program.instructions) seconds[at(instruction.node)] += roofline.secondsOf(instruction);
    return seconds;
}

double updateSeconds(const graph::Graph& graph, const StepPlan& step, const StepOptions& options, bool clips,
                     const DeviceModel& device) {
    Bytes weights = 0;
    for (const graph::ValueId id : graph.trained())
        weights += step.first.slots[static_cast<std::size_t>(step.first.valueSlots[static_cast<std::size_t>(id)])].tensor.bytes();
    const Bytes state = step.moments.front().live[static_cast<std::size_t>(Kind::Optimizer)];
    Bytes bytes = 3 * weights + 2 * state;         // read gradients and weights, write weights; read and write the state
    if (options.ema) bytes += 3 * weights;         // read both, write the averages
    if (clips) bytes += 3 * weights;               // read for the norm, read and write to scale
    const auto tensors = static_cast<double>(graph.trained().size());
    const double outside = device.outside > 0 ? 2 * static_cast<double>(step.stateOutside) / device.outside : 0;  // comes and goes
    return static_cast<double>(bytes) / device.bandwidth + tensors * device.nodeSeconds + outside;
}

double rooflineSeconds(const graph::Graph& graph, const StepPlan& step, const StepOptions& options, bool clips,
                       const DeviceModel& device) {
    double seconds = rooflineSeconds(graph, step.first, device) + updateSeconds(graph, step, options, clips, device);
    if (options.microBatches > 1)
        seconds += static_cast<double>(options.microBatches - 1) * rooflineSeconds(graph, step.next, device);
    return seconds;
}

}  // namespace headroom::plan
