// SPDX-License-Identifier: Apache-2.0
#include "engine/run/executor.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string_view>

#include "base/errors/error.h"
#include "engine/run/segment.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"

namespace headroom::run {
namespace {

using graph::kNone;
using plan::GradientTarget;
using plan::Instruction;
using plan::Program;
using plan::SlotId;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Empties the slots when a run ends, however it ends.
class SlotsInUse {
public:
    SlotsInUse(std::vector<at::Tensor>& slots, std::size_t count) : m_slots(slots) { m_slots.resize(count); }
    ~SlotsInUse() { m_slots.clear(); }
    SlotsInUse(const SlotsInUse&) = delete;
    SlotsInUse& operator=(const SlotsInUse&) = delete;

private:
    std::vector<at::Tensor>& m_slots;
};

/// Libraries below LibTorch say it in their own words where a workspace could not be had.
bool speaksOfMemory(std::string_view message) {
    for (const std::string_view phrase : {"out of memory", "can't allocate memory", "not enough memory", "NOT_SUPPORTED",
                                          "could not create a memory", "CUBLAS_STATUS_ALLOC_FAILED"})
        if (message.find(phrase) != std::string_view::npos) return true;
    return false;
}

/// `message` is LibTorch's: where it comes from our allocator, that knows what was asked for.
[[noreturn]] void outOfMemory(const graph::Node& node, std::string_view message = {}) {
    Failure failure{Code::Mem01, node.name, "out of memory", {}, {}, "Use a smaller micro-batch or a larger memory budget."};
    if (message.starts_with(tensor::kRefused)) {
        const tensor::Refusal refusal = tensor::lastRefusal();
        failure.found = fmt::format("{} asked with {} in use and {} held", readableBytes(refusal.asked), readableBytes(refusal.live),
                                    readableBytes(refusal.held));
        failure.allowed = refusal.budget > 0 ? readableBytes(refusal.budget) + " allowed for tensors" : "no more to be had";
    }
    throw Error(std::move(failure));
}

constexpr std::size_t kMostExtras = 4;  // that any operator saves

/// Whether the node behaves as in training: where no backward follows it saves nothing, but draws at random and counts on all the same.
bool trains(const plan::Instruction& instruction, const graph::OpEntry& op) {
    return instruction.what == plan::Instruction::What::Backward || !instruction.extras.empty() || op.identityInInference || !op.updatedInputs.empty();
}

[[noreturn]] void translate(const std::string& message, const graph::Node& node) {
    if (speaksOfMemory(message)) outOfMemory(node);
    throw Error({Code::Int01, node.name, "the operator failed", message.substr(0, message.find('\n')), {}, {}});
}

}  // namespace

void Executor::Operands::clear() {
    for (auto* list : {&inputs, &outputs, &extras, &outputGradients, &inputGradients}) list->clear();
    inputTypes.clear();
    outputTypes.clear();
    wantsGradient.clear();
}

Executor::Executor(const graph::Graph& graph)
    : m_graph(graph), m_inputs(graph.inputs()), m_trained(graph.trained()) {
    for (const graph::Node& node : graph.nodes()) m_kernels.push_back(&kernel(*node.op));
}

void Executor::load(const Program& program, TensorSet& tensors, std::vector<at::Tensor> inputs) {
    for (std::size_t id = 0; id < m_graph.values().size(); ++id) {
        const graph::ValueKind kind = m_graph.values()[id].kind;
        if (kind == graph::ValueKind::Parameter || kind == graph::ValueKind::Buffer)
            slot(program.valueSlots[id]) = tensors.values[id];
    }
    for (std::size_t i = 0; i < m_inputs.size(); ++i) slot(program.valueSlots[at(m_inputs[i])]) = std::move(inputs[i]);
    if (program.mode != plan::Mode::Training || program.gradients != plan::Gradients::Present) return;
    for (const graph::ValueId id : m_trained)
        if (program.gradientSlots[at(id)] != kNone) slot(program.gradientSlots[at(id)]) = tensors.gradients[at(id)];
}

void Executor::put(const Program& program, SlotId id, at::Tensor tensor) {
    const plan::Slot& place = program.slots[at(id)];
    if (place.aliasOf == kNone) tensor::label(tensor, place.kind);
    slot(id) = std::move(tensor);
}

void Executor::fetch(const Program& program, const Instruction& instruction) {
    for (const plan::Outside& each : instruction.fetches) {
        m_store->fetch(each.place, slot(each.slot));
        const SlotId bottom = program.slots[at(each.slot)].aliasOf;
        tensor::label(slot(each.slot), program.slots[at(bottom == kNone ? each.slot : bottom)].kind);
    }
}

void Executor::castInputs(const Program& program, const Instruction& instruction) {
    for (const plan::Cast& cast : instruction.casts)
        put(program, cast.to, slot(cast.from).to(tensor::scalarType(program.slots[at(cast.to)].tensor.dtype)));
}

/// The operands that both directions have: inputs, outputs and extras, as far as they are there, and all types.
void Executor::gather(const Program& program, const Instruction& instruction) {
    const graph::Node& node = m_graph.node(instruction.node);
    const auto typeOf = [&](graph::ValueId id) -> const graph::ResolvedTensor* {
        const SlotId place = id == kNone ? kNone : program.valueSlots[at(id)];
        return place == kNone ? nullptr : &program.slots[at(place)].tensor;
    };
    m_operands.clear();
    for (const SlotId id : instruction.inputs) m_operands.inputs.push_back(read(id));
    for (const graph::ValueId id : node.inputs) m_operands.inputTypes.push_back(typeOf(id));
    for (const graph::ValueId id : node.outputs) m_operands.outputTypes.push_back(typeOf(id));
}

void Executor::forward(const Program& program, const Instruction& instruction, KernelContext& context) {
    m_operands.outputs.resize(instruction.outputs.size());
    m_operands.extras.resize(std::max(instruction.extras.size(), kMostExtras));
    context.inputs = m_operands.inputs;
    context.outputs = m_operands.outputs;
    context.extras = m_operands.extras;
    context.writesInput = instruction.writesInput;
    context.again = instruction.again;
    m_kernels[at(instruction.node)]->forward(context);
    for (std::size_t k = 0; k < instruction.outputs.size(); ++k)
        put(program, instruction.outputs[k], std::move(m_operands.outputs[k]));
    for (std::size_t k = 0; k < instruction.extras.size(); ++k)
        put(program, instruction.extras[k], std::move(m_operands.extras[k]));
}

void Executor::backward(const Program& program, const Instruction& instruction, KernelContext& context) {
    for (const SlotId id : instruction.outputs) m_operands.outputs.push_back(read(id));
    for (const SlotId id : instruction.extras) m_operands.extras.push_back(read(id));
    for (const SlotId id : instruction.outputGradients) m_operands.outputGradients.push_back(read(id));
    for (const GradientTarget& target : instruction.inputGradients)
        m_operands.wantsGradient.push_back(target.action != GradientTarget::Action::Drop);
    m_operands.inputGradients.resize(instruction.inputGradients.size());
    context.inputs = m_operands.inputs;
    context.outputs = m_operands.outputs;
    context.extras = m_operands.extras;
    context.outputGradients = m_operands.outputGradients;
    context.inputGradients = m_operands.inputGradients;
    context.wantsGradient = {reinterpret_cast<const bool*>(m_operands.wantsGradient.data()), m_operands.wantsGradient.size()};
    const Kernel& kernel = *m_kernels[at(instruction.node)];
    kernel.backward ? kernel.backward(context) : backwardByAutograd(kernel, context);
    for (std::size_t i = 0; i < instruction.inputGradients.size(); ++i)
        settle(program, instruction.inputGradients[i], std::move(m_operands.inputGradients[i]));
}

void Executor::settle(const Program& program, const GradientTarget& target, at::Tensor gradient) {
    using enum GradientTarget::Action;
    if (target.action == Drop) return;
    const at::ScalarType type = tensor::scalarType(program.slots[at(target.slot)].tensor.dtype);
    switch (target.action) {
        case Drop: break;
        case Store: put(program, target.slot, gradient.scalar_type() == type ? std::move(gradient) : gradient.to(type)); break;
        case StoreCopy: put(program, target.slot, gradient.to(type, false, /*copy=*/true)); break;
        case AddInPlace: slot(target.slot).add_(gradient); break;
        case AddNew: put(program, target.slot, at::add(slot(target.present), gradient)); break;
    }
}

void Executor::execute(const Program& program, const Instruction& instruction, const StepIdentity& identity, const Updates* updates) {
    const graph::Node& node = m_graph.node(instruction.node);
    const tensor::MemoryScope scope(plan::Kind::Workspace);
    try {
        fetch(program, instruction);
        castInputs(program, instruction);
        gather(program, instruction);
        KernelContext context{.node = node,
                              .graph = &m_graph,
                              .training = program.mode == plan::Mode::Training && trains(instruction, *node.op),
                              .identity = identity,
                              .inputTypes = m_operands.inputTypes,
                              .outputTypes = m_operands.outputTypes};
        if (instruction.what == Instruction::What::Forward)
            forward(program, instruction, context);
        else
            backward(program, instruction, context);
        for (const graph::ValueId id : instruction.updates) updates->update(id, slot(program.gradientSlots[at(id)]));
    } catch (const c10::OutOfMemoryError& error) {
        outOfMemory(node, error.what_without_backtrace());
    } catch (const std::bad_alloc&) {
        outOfMemory(node);
    } catch (const Error&) {
        throw;
    } catch (const c10::Error& error) {
        translate(error.what_without_backtrace(), node);
    } catch (const std::exception& error) {  // oneDNN's own
        translate(error.what(), node);
    }
    for (const SlotId id : instruction.release) slot(id).reset();
    m_operands.clear();
    for (const plan::Outside& each : instruction.stores) m_store->store(each.place, slot(each.slot));
}

/// Room for all that the program takes from that instruction on: once a parameter is updated, nothing can be undone.
void Executor::assure(const Program& program, std::size_t from, std::optional<tensor::AssuredMemory>& rest) {
    const Bytes bytes = plan::takenFrom(program, from);
    const at::Device device = slot(program.valueSlots[at(m_graph.outputs().front())]).device();
    try {
        // On CUDA the allocator keeps what was asked for once, and splits it.
        if (device.is_cuda()) at::empty({bytes}, at::TensorOptions().dtype(at::kByte).device(device));
        rest.emplace(device.is_cpu() ? bytes : 0);
    } catch (const c10::OutOfMemoryError& error) {
        outOfMemory(m_graph.node(program.instructions[from].node), error.what_without_backtrace());
    }
}

/// The loss does not depend on these: their gradient is zero.
void Executor::updateIdle(const Program& program, const TensorSet& tensors, const Updates& updates) {
    for (const graph::ValueId id : m_trained)
        if (program.gradientSlots[at(id)] == kNone) updates.update(id, at::zeros_like(tensors.values[at(id)]));
}

std::vector<at::Tensor> Executor::run(const Program& program, TensorSet& tensors, std::vector<at::Tensor> inputs,
                                      const StepIdentity& identity, double lossScale, const Observer& observer,
                                      const Updates* updates) {
    const at::NoGradGuard noGrad;
    const at::AutoDispatchBelowADInplaceOrView below;
    const SlotsInUse slots(m_slots, program.slots.size());
    struct OperandsInUse {
        Operands& operands;
        ~OperandsInUse() { operands.clear(); }
    } const operands{m_operands};
    load(program, tensors, std::move(inputs));
    bool seeded = program.lossGradient == kNone;
    std::optional<tensor::AssuredMemory> rest;
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
        const Instruction& instruction = program.instructions[i];
        if (!seeded && instruction.what == Instruction::What::Backward) {
            seed(program, instruction, lossScale);
            seeded = true;
        }
        if (!instruction.updates.empty() && !rest) {
            assure(program, i, rest);
            const at::Tensor& loss = slot(program.valueSlots[at(m_graph.outputs().front())]);
            if (!updates->begin(loss)) return {loss};
        }
        execute(program, instruction, identity, updates);
        if (observer) observer(i);
    }
    if (rest) updateIdle(program, tensors, *updates);
    if (program.mode == plan::Mode::Training) {
        tensors.gradients.resize(m_graph.values().size());
        for (const graph::ValueId id : m_trained)
            if (program.gradientSlots[at(id)] != kNone) tensors.gradients[at(id)] = slot(program.gradientSlots[at(id)]);
    }
    std::vector<at::Tensor> kept;
    for (const SlotId id : program.kept) kept.push_back(slot(id));
    return kept;
}

/// The gradient of the loss by itself, on the loss's device.
void Executor::seed(const Program& program, const Instruction& first, double lossScale) {
    const plan::Slot& place = program.slots[at(program.lossGradient)];
    try {
        const at::Device device = slot(program.valueSlots[at(m_graph.outputs().front())]).device();
        const auto options = at::TensorOptions().dtype(tensor::scalarType(place.tensor.dtype)).device(device);
        put(program, program.lossGradient, at::full(place.tensor.shape, lossScale, options));
    } catch (const c10::OutOfMemoryError& error) {
        outOfMemory(m_graph.node(first.node), error.what_without_backtrace());
    }
}

}  // namespace headroom::run
