// SPDX-License-Identifier: Apache-2.0
#include "core/base/plan/replay.h"

#include <algorithm>
#include <numeric>

namespace headroom::test {

using graph::kNone;
using graph::ValueId;
using graph::ValueKind;
using plan::GradientTarget;
using plan::Instruction;
using plan::SlotId;

namespace {
std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }
}  // namespace

Replay::Replay(const graph::Graph& graph, const plan::Program& program)
    : m_graph(graph), m_program(program), m_lives(program.slots.size(), -1), m_backward(graph.nodes().size(), false) {
    for (const Instruction& each : program.instructions)
        if (each.what == Instruction::What::Backward) m_backward[at(each.node)] = true;
    begin();
    for (const Instruction& each : program.instructions) run(each), ++m_instruction;
    end();
}

void Replay::fault(const std::string& text) {
    m_faults.push_back("instruction " + std::to_string(m_instruction) + ": " + text);
}

SlotId Replay::memory(SlotId slot) const {
    const SlotId bottom = m_program.slots[at(slot)].aliasOf;
    return bottom == kNone ? slot : bottom;
}

bool Replay::isAlone(SlotId slot) const {
    int users = 0;
    for (std::size_t i = 0; i < m_lives.size(); ++i)
        if (m_lives[i] == 1 && memory(static_cast<SlotId>(i)) == memory(slot)) ++users;
    return users == 1;
}

plan::BytesByKind Replay::bytes() const {
    plan::BytesByKind sum{};
    std::vector<bool> counted(m_lives.size(), false);
    for (std::size_t i = 0; i < m_lives.size(); ++i) {
        const SlotId bottom = memory(static_cast<SlotId>(i));
        if (m_lives[i] != 1 || counted[at(bottom)] || m_outside.contains(bottom)) continue;
        counted[at(bottom)] = true;
        const plan::Slot& slot = m_program.slots[at(bottom)];
        sum[static_cast<std::size_t>(slot.kind)] += slot.tensor.bytes();
    }
    return sum;
}

void Replay::create(SlotId slot, const char* what) {
    if (m_lives[at(slot)] != -1)
        fault(std::string(what) + " is made a second time: " + m_program.slots[at(slot)].owner);
    m_lives[at(slot)] = 1;
    const SlotId bottom = m_program.slots[at(slot)].aliasOf;
    if (bottom != kNone && m_program.slots[at(bottom)].aliasOf != kNone) fault("an alias of an alias");
    if (bottom != kNone && isAlone(slot)) fault("an alias of memory that is gone: " + m_program.slots[at(slot)].owner);
}

void Replay::needAlive(SlotId slot, const char* what) {
    if (slot != kNone && m_lives[at(slot)] != 1)
        fault(std::string(what) + " is not alive: " + m_program.slots[at(slot)].owner);
    if (slot != kNone && m_outside.contains(memory(slot)))
        fault(std::string(what) + " is outside: " + m_program.slots[at(slot)].owner);
}

void Replay::drop(SlotId slot) {
    needAlive(slot, "what is released");
    m_lives[at(slot)] = 0;
}

void Replay::begin() {
    for (std::size_t i = 0; i < m_graph.values().size(); ++i) {
        const ValueKind kind = m_graph.values()[i].kind;
        if (kind == ValueKind::Constant && m_program.valueSlots[i] != kNone) fault("a constant has a slot");
        if (kind != ValueKind::Activation && kind != ValueKind::Constant)
            create(m_program.valueSlots[i], "a given value");
        if (m_program.gradients == plan::Gradients::Present && m_program.gradientSlots[i] != kNone) {
            create(m_program.gradientSlots[i], "a present gradient");
            m_held[m_program.gradientSlots[i]] = 0;
        }
    }
    if (bytes() != m_program.liveBefore) fault("liveBefore differs");
}

void Replay::run(const Instruction& instruction) {
    for (const plan::Outside& each : instruction.fetches)
        if (!m_outside.erase(memory(each.slot))) fault("what is fetched is not outside: " + m_program.slots[at(each.slot)].owner);
    instruction.what == Instruction::What::Forward ? forward(instruction) : backward(instruction);
    for (const ValueId id : instruction.updates) {
        const SlotId gradient = m_program.gradientSlots[at(id)];
        needAlive(gradient, "the gradient of an update");
        if (m_held[gradient] != expectedContributions(id)) fault("an update before the gradient is whole: " + m_graph.value(id).name);
        m_updated.insert(gradient);
    }
    for (const SlotId slot : instruction.release) drop(slot);
    for (const plan::Outside& each : instruction.stores) {
        needAlive(each.slot, "what goes out");
        m_outside.insert(memory(each.slot));
    }
    const plan::BytesByKind now = bytes();
    if (now != instruction.liveAfter) fault("liveAfter differs");
    m_peak = std::max(m_peak, std::accumulate(now.begin(), now.end(), Bytes{0}));
}

bool Replay::isMadeAgain(const Instruction& instruction) const {
    return std::ranges::any_of(m_program.instructions, [&](const Instruction& each) { return each.again && each.node == instruction.node; });
}

void Replay::cast(const Instruction& instruction) {
    for (const plan::Cast& cast : instruction.casts) {
        needAlive(cast.from, "what is cast");
        create(cast.to, "a cast");
        if (m_program.slots[at(cast.from)].tensor.shape != m_program.slots[at(cast.to)].tensor.shape)
            fault("a cast changes the shape");
    }
}

void Replay::forward(const Instruction& instruction) {
    const graph::Node& node = m_graph.node(instruction.node);
    cast(instruction);
    for (const SlotId slot : instruction.inputs) needAlive(slot, "an input");
    if (instruction.writesInput && !isAlone(instruction.inputs[0])) fault("writes over shared memory");
    if (instruction.writesInput &&
        std::ranges::find(instruction.release, instruction.inputs[0]) == instruction.release.end())
        fault("writes over an input that goes on living");
    for (std::size_t k = 0; k < instruction.outputs.size(); ++k) {
        create(instruction.outputs[k], "an output");
        if (m_program.valueSlots[at(node.outputs[k])] != instruction.outputs[k] && !isMadeAgain(instruction))
            fault("an output is not its value's slot");
    }
    for (const SlotId slot : instruction.extras) create(slot, "an extra");
}

/// How many backward nodes read the value: each makes one contribution an input.
int Replay::expectedContributions(ValueId value) const {
    if (value == m_graph.outputs().front()) return 1;
    int readers = 0;
    for (const graph::Node& node : m_graph.nodes())
        if (m_backward[at(node.id)]) readers += static_cast<int>(std::ranges::count(node.inputs, value));
    return readers;
}

void Replay::backward(const Instruction& instruction) {
    const graph::Node& node = m_graph.node(instruction.node);
    if (m_held.find(m_program.lossGradient) == m_held.end()) {
        create(m_program.lossGradient, "the loss's gradient");
        m_held[m_program.lossGradient] = 1;
    }
    cast(instruction);
    for (const auto* list :
         {&instruction.inputs, &instruction.outputs, &instruction.extras, &instruction.outputGradients})
        for (const SlotId slot : *list) needAlive(slot, "what a backward reads");
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
        const SlotId slot = instruction.outputGradients[k];
        if ((slot == kNone ? 0 : m_held[slot]) != expectedContributions(node.outputs[k]))
            fault("a gradient is read before it is whole: " + m_graph.value(node.outputs[k]).name);
    }
    for (std::size_t i = 0; i < node.inputs.size(); ++i) takeGradient(instruction, i);
}

void Replay::takeGradient(const Instruction& instruction, std::size_t input) {
    using enum GradientTarget::Action;
    const GradientTarget& target = instruction.inputGradients[input];
    if (target.action == Drop) return;
    const graph::Value& value = m_graph.value(m_graph.node(instruction.node).inputs[input]);
    switch (target.action) {
        case Store:
            if (value.kind == ValueKind::Parameter && m_program.slots[at(target.slot)].aliasOf != kNone)
                fault("a parameter's gradient shares memory");
            [[fallthrough]];
        case StoreCopy:
            create(target.slot, "a gradient");
            m_held[target.slot] = 1;
            break;
        case AddInPlace:
            needAlive(target.slot, "what is added to");
            if (!isAlone(target.slot)) fault("adds into shared memory");
            ++m_held[target.slot];
            break;
        case AddNew:
            needAlive(target.present, "what is added to");
            create(target.slot, "a sum");
            m_held[target.slot] = m_held[target.present] + 1;
            if (std::ranges::find(instruction.release, target.present) == instruction.release.end())
                fault("the old sum stays");
            break;
        case Drop:
            break;
    }
    if (m_program.slots[at(target.slot)].tensor.shape != graph::resolved(value.type.shape, m_program.extents))
        fault("a gradient has another shape than its value");
}

void Replay::end() {
    std::vector<bool> mayLive(m_lives.size(), false);
    for (std::size_t i = 0; i < m_graph.values().size(); ++i) {
        const ValueKind kind = m_graph.values()[i].kind;
        if (kind != ValueKind::Activation && kind != ValueKind::Constant) mayLive[at(m_program.valueSlots[i])] = true;
        const SlotId gradient = m_program.gradientSlots[i];
        if (gradient == kNone) continue;
        mayLive[at(gradient)] = !m_updated.contains(gradient);
        if (m_held[gradient] != expectedContributions(static_cast<ValueId>(i)))
            fault("a parameter's gradient is not whole");
    }
    for (const SlotId slot : m_program.kept) mayLive[at(slot)] = true;
    for (std::size_t i = 0; i < m_lives.size(); ++i)
        if ((m_lives[i] == 1) != mayLive[i]) fault((mayLive[i] ? "was lost: " : "leaks: ") + m_program.slots[i].owner);
    if (m_peak > m_program.peak) fault("the peak is too low");
}

}  // namespace headroom::test
