// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <ranges>

#include "base/plan/analysis.h"
#include "base/plan/ledger.h"
#include "base/plan/offload.h"

namespace headroom::plan {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::ResolvedNode;
using graph::ResolvedTensor;
using graph::Saved;
using graph::Value;
using graph::ValueId;
using graph::ValueKind;

namespace {

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// A gradient as a kernel makes it, until it is handed on.
struct MadeGradient {
    graph::DType dtype;
    Bytes bytes;
};

/// Writes a program instruction by instruction and keeps account of what is alive.
class Lowering {
public:
    Lowering(const Graph& graph, const LowerOptions& options, const Analysis& analysis, Owners owners)
        : m_graph(graph), m_options(options), m_analysis(analysis), m_owners(owners), m_ledger(m_program) {}

    Program run();

private:
    void reserve();
    void countContributions();
    void placeGivenValues();
    void placeGiven(ValueId id);

    void forward(const Node& node, bool again);
    SlotId inputSlot(const Node& node, std::size_t input, Instruction& instruction);
    SlotId castSlot(ValueId id, const ResolvedTensor& tensor, Instruction& instruction);
    int usesOf(ValueId id, bool again) const;
    void placeOutputs(const Node& node, Instruction& instruction);
    bool isAlias(const Node& node) const;
    bool mayOverwrite(const Node& node) const;
    void placeExtras(const Node& node, Instruction& instruction);
    graph::Workspace workspaceOf(const Node& node) const;
    void work(Bytes workspace);
    const Saved* readyGradient(const Node& node, std::size_t input) const;
    MadeGradient madeGradient(const Node& node, std::size_t input) const;
    void releaseAfterForward(const Node& node, Instruction& instruction);

    void startBackward();
    void backward(const Node& node);
    void readSaved(const Node& node, Instruction& instruction);
    SlotId savedInput(const Node& node, std::size_t index, Instruction& instruction);
    void makeGradients(const Node& node, Instruction& instruction);
    void handOn(const Node& node, Instruction& instruction);
    bool isTrained(ValueId id) const { return m_graph.value(id).isTrained(); }
    bool isWanted(const Node& node, std::size_t input) const;
    Kind gradientKind(const Node& node, std::size_t input) const;
    bool isShared(const Node& node, std::size_t input) const;
    SlotId settle(Kind kind, MadeGradient made, ResolvedTensor held, std::string owner);
    ResolvedTensor gradientOf(ValueId parameter) const;
    GradientTarget toParameter(ValueId id, bool shared, MadeGradient made);
    GradientTarget toActivation(ValueId id, SlotId sharedWith, MadeGradient made, Instruction& instruction);
    void releaseAfterBackward(const Node& node, Instruction& instruction);
    void updateComplete(const Node& node, Instruction& instruction);

    Instruction begin(Instruction::What what, const Node& node);
    void finish(Instruction instruction);
    /// One use of the slot is over; released when it was the last.
    void use(SlotId slot, Instruction& instruction);
    void release(SlotId slot, Instruction& instruction);
    SlotId track(SlotId slot, int uses);
    const ResolvedTensor& tensor(SlotId slot) const { return m_program.slots[at(slot)].tensor; }
    std::string ownerOf(ValueId id, const char* what = "") const {
        return m_owners == Owners::Named ? m_graph.value(id).name + what : std::string();
    }
    std::string ownerOf(const Node& node, const Saved& saved) const {
        return m_owners == Owners::Named ? fmt::format("{}.saved.{}", node.name, saved.index) : std::string();
    }

    static constexpr int kForever = 1 << 30;

    const Graph& m_graph;
    const LowerOptions& m_options;
    const Analysis& m_analysis;
    const Owners m_owners;
    Program m_program;
    Ledger m_ledger;
    std::vector<int> m_uses;          ///< by slot: what is left of them
    std::vector<SlotId> m_casts;      ///< by ValueId: its living cast copy
    std::vector<SlotId> m_gradients;  ///< by ValueId: gradient of an activation, so far
    std::vector<std::size_t> m_madeBy;  ///< by NodeId: its last forward instruction
    std::vector<int> m_contributions;   ///< by ValueId: gradients of a parameter that are still to come, where it is updated by itself
};

SlotId Lowering::track(SlotId slot, int uses) {
    m_uses.resize(m_program.slots.size(), 0);
    m_uses[at(slot)] = uses;
    return slot;
}

void Lowering::release(SlotId slot, Instruction& instruction) {
    m_ledger.release(slot);
    instruction.release.push_back(slot);
}

void Lowering::use(SlotId slot, Instruction& instruction) {
    if (m_uses[at(slot)] < kForever && --m_uses[at(slot)] == 0) release(slot, instruction);
}

Instruction Lowering::begin(Instruction::What what, const Node& node) {
    m_ledger.enter(m_program.instructions.size());
    Instruction instruction;
    instruction.what = what;
    instruction.node = node.id;
    return instruction;
}

void Lowering::finish(Instruction instruction) {
    instruction.liveAfter = m_ledger.live();
    m_program.instructions.push_back(std::move(instruction));
}

void Lowering::placeGiven(ValueId id) {
    const Value& value = m_graph.value(id);
    const Kind kind = value.kind == ValueKind::Input ? Kind::Batches : Kind::Weights;
    m_program.valueSlots[at(id)] = track(m_ledger.allocate(kind, m_analysis.values[at(id)], ownerOf(id)), kForever);
}

/// Room for what a program of this graph usually holds: a plan is asked for at every move of a slider.
void Lowering::reserve() {
    const std::size_t slots = 3 * m_graph.values().size();
    m_program.slots.reserve(slots);
    m_uses.reserve(slots);
    m_program.changes.reserve(3 * slots);
    m_program.instructions.reserve(m_analysis.schedule.size());
}

/// With the last of its gradients a parameter has had its last reader too: every one makes a gradient for it.
void Lowering::countContributions() {
    m_contributions.assign(m_graph.values().size(), 0);
    for (const Node& node : m_graph.nodes())
        for (const ValueId id : node.inputs)
            if (id != kNone && m_analysis.runsBackward[at(node.id)] && isTrained(id)) ++m_contributions[at(id)];
}

void Lowering::placeGivenValues() {
    m_program.valueSlots.assign(m_graph.values().size(), kNone);
    m_program.gradientSlots.assign(m_graph.values().size(), kNone);
    m_casts.assign(m_graph.values().size(), kNone);
    m_gradients.assign(m_graph.values().size(), kNone);
    m_madeBy.assign(m_graph.nodes().size(), 0);
    for (std::size_t i = 0; i < m_graph.values().size(); ++i) {
        const ValueKind kind = m_graph.values()[i].kind;
        if (kind != ValueKind::Activation && kind != ValueKind::Constant) placeGiven(static_cast<ValueId>(i));
    }
    if (m_options.mode == Mode::Inference || m_options.gradients != Gradients::Present) return;
    for (const ValueId id : m_graph.trained())
        m_program.gradientSlots[at(id)] = track(
            m_ledger.allocate(Kind::Gradients, gradientOf(id), ownerOf(id, ".grad")), kForever);
}

// --- forward

SlotId Lowering::castSlot(ValueId id, const ResolvedTensor& seen, Instruction& instruction) {
    if (m_casts[at(id)] != kNone) return m_casts[at(id)];
    const SlotId from = m_program.valueSlots[at(id)];
    const SlotId to = m_ledger.allocate(m_program.slots[at(from)].kind, seen, ownerOf(id, ".bf16"));
    instruction.casts.push_back({from, to});
    return m_casts[at(id)] = track(to, 0);
}

SlotId Lowering::inputSlot(const Node& node, std::size_t input, Instruction& instruction) {
    const ValueId id = node.inputs[input];
    if (id == kNone || m_graph.value(id).kind == ValueKind::Constant) return kNone;
    if (!m_analysis.casts(node, input, m_options.precision)) return m_program.valueSlots[at(id)];
    return castSlot(id, m_analysis.nodes[at(node.id)].inputs[input], instruction);
}

bool Lowering::isAlias(const Node& node) const {
    const ResolvedNode& resolved = m_analysis.nodes[at(node.id)];
    if (resolved.inputs[0].dtype != resolved.outputs[0].dtype) return false;
    if (node.op->identityInInference && m_options.mode == Mode::Inference) return true;
    return node.op->aliasesInput && (!node.op->isView || node.op->isView(resolved));
}

/// Nothing else needs the input's memory: this node is its last use, and no other slot shares it.
bool Lowering::mayOverwrite(const Node& node) const {
    const SlotId slot = m_program.valueSlots[at(node.inputs[0])];
    const ResolvedNode& resolved = m_analysis.nodes[at(node.id)];
    return node.op->mayWriteInput && m_uses[at(slot)] == 1 && m_ledger.isAlone(slot) &&
           m_program.slots[at(slot)].kind == Kind::Activations && tensor(slot) == resolved.outputs[0];
}

int Lowering::usesOf(ValueId id, bool again) const {
    if (m_analysis.kept[at(id)]) return kForever;
    return again ? m_analysis.usesAgain[at(id)] : m_analysis.uses[at(id)];
}

void Lowering::placeOutputs(const Node& node, Instruction& instruction) {
    const std::vector<ResolvedTensor>& made = m_analysis.nodes[at(node.id)].outputs;
    instruction.writesInput = mayOverwrite(node);
    const bool shared = instruction.writesInput || isAlias(node);
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
        const ValueId id = node.outputs[k];
        const std::string owner = ownerOf(id);
        const SlotId slot = shared ? m_ledger.share(instruction.inputs[0], made[k], owner)
                                   : m_ledger.allocate(Kind::Activations, made[k], owner);
        m_program.valueSlots[at(id)] = track(slot, usesOf(id, instruction.again));
        instruction.outputs.push_back(slot);
    }
}

void Lowering::placeExtras(const Node& node, Instruction& instruction) {
    const int uses = m_analysis.madeAgain[at(node.id)] && !instruction.again ? 0 : 1;
    for (const Saved& saved : m_analysis.saves[at(node.id)]) {
        if (saved.from != Saved::From::Extra) continue;
        assert(saved.index == static_cast<int>(instruction.extras.size()) && "extras are listed by their index");
        const Kind kind = saved.gradientOf == kNone ? Kind::Activations : gradientKind(node, static_cast<std::size_t>(saved.gradientOf));
        instruction.extras.push_back(
            track(m_ledger.allocate(kind, saved.extra, ownerOf(node, saved)), uses));
    }
}

graph::Workspace Lowering::workspaceOf(const Node& node) const {
    if (!node.op->workspace) return {};
    return node.op->workspace(m_analysis.nodes[at(node.id)], {m_options.device, m_options.emulatesBf16, m_options.threads});
}

/// What a kernel holds while it works, on top of all else.
void Lowering::work(Bytes workspace) {
    if (workspace == 0) return;
    m_ledger.transient(Kind::Workspace, workspace);
    m_ledger.transient(Kind::Workspace, -workspace);
}

void Lowering::releaseAfterForward(const Node& node, Instruction& instruction) {
    for (const Saved& saved : m_analysis.saves[at(node.id)])
        if (const auto input = static_cast<std::size_t>(saved.index);
            saved.from == Saved::From::Input && m_analysis.casts(node, input, m_options.precision) &&
            (instruction.again || !m_analysis.recasts(m_graph, node, input)))
            ++m_uses[at(instruction.inputs[input])];
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId id = node.inputs[i];
        if (instruction.inputs[i] == kNone) continue;
        use(m_program.valueSlots[at(id)], instruction);
        if (m_casts[at(id)] != kNone && m_uses[at(m_casts[at(id)])] == 0) {
            release(m_casts[at(id)], instruction);
            m_casts[at(id)] = kNone;
        }
    }
    for (const auto* made : {&instruction.outputs, &instruction.extras})
        for (const SlotId slot : *made)
            if (m_uses[at(slot)] == 0) release(slot, instruction);
}

void Lowering::forward(const Node& node, bool again) {
    Instruction instruction = begin(Instruction::What::Forward, node);
    instruction.again = again;
    m_madeBy[at(node.id)] = m_program.instructions.size();
    instruction.inputs.reserve(node.inputs.size());
    for (std::size_t i = 0; i < node.inputs.size(); ++i) instruction.inputs.push_back(inputSlot(node, i, instruction));
    placeOutputs(node, instruction);
    placeExtras(node, instruction);
    work(workspaceOf(node).forward);
    releaseAfterForward(node, instruction);
    finish(std::move(instruction));
}

// --- backward

void Lowering::startBackward() {
    const ValueId loss = m_graph.outputs().front();
    m_ledger.enter(m_program.instructions.size());
    m_program.lossGradient = track(m_ledger.allocate(Kind::Activations, tensor(m_program.valueSlots[at(loss)]),
                                                     ownerOf(loss, ".grad")),
                                   1);
    m_gradients[at(loss)] = m_program.lossGradient;
}

/// The forward's cast copy where it was kept, else a new one.
SlotId Lowering::savedInput(const Node& node, std::size_t index, Instruction& instruction) {
    const ValueId id = node.inputs[index];
    if (!m_analysis.casts(node, index, m_options.precision)) return m_program.valueSlots[at(id)];
    const Instruction& made = m_program.instructions[m_madeBy[at(node.id)]];
    if (made.again || !m_analysis.recasts(m_graph, node, index)) return made.inputs[index];
    const SlotId slot = castSlot(id, m_analysis.nodes[at(node.id)].inputs[index], instruction);
    ++m_uses[at(slot)];
    return slot;
}

void Lowering::readSaved(const Node& node, Instruction& instruction) {
    instruction.inputs.assign(node.inputs.size(), kNone);
    instruction.outputs.assign(node.outputs.size(), kNone);
    for (const Saved& saved : m_analysis.saves[at(node.id)]) {
        const auto index = static_cast<std::size_t>(saved.index);
        if (saved.from == Saved::From::Input) instruction.inputs[index] = savedInput(node, index, instruction);
        if (saved.from == Saved::From::Output)
            instruction.outputs[index] = m_program.valueSlots[at(node.outputs[index])];
    }
    instruction.extras = m_program.instructions[m_madeBy[at(node.id)]].extras;
    instruction.outputGradients.reserve(node.outputs.size());
    instruction.release.reserve(node.inputs.size() + node.outputs.size() + instruction.extras.size());
    for (const ValueId id : node.outputs) instruction.outputGradients.push_back(m_gradients[at(id)]);
}

/// Whether the kernel hands the gradient of output 0 on to this input as it is.
bool Lowering::isShared(const Node& node, std::size_t input) const {
    const ResolvedNode& resolved = m_analysis.nodes[at(node.id)];
    return node.op->sharesGradient && (!node.op->isView || node.op->isView(resolved)) &&
           resolved.inputs[input].elements() == resolved.outputs[0].elements() &&
           resolved.inputs[input].dtype == resolved.outputs[0].dtype;
}

/// The kernel's tensor becomes the content of a new slot, or is converted into it.
SlotId Lowering::settle(Kind kind, MadeGradient made, ResolvedTensor held, std::string owner) {
    const bool moved = made.dtype == held.dtype;
    if (moved) m_ledger.transient(kind, -made.bytes);
    const SlotId slot = m_ledger.allocate(kind, std::move(held), std::move(owner));
    if (!moved) m_ledger.transient(kind, -made.bytes);
    return slot;
}

/// A parameter's gradient has its type, but sums of several micro-batches are fp32.
ResolvedTensor Lowering::gradientOf(ValueId parameter) const {
    ResolvedTensor held = tensor(m_program.valueSlots[at(parameter)]);
    if (m_options.gradients != Gradients::Absent) held.dtype = graph::DType::F32;
    return held;
}

GradientTarget Lowering::toParameter(ValueId id, bool shared, MadeGradient made) {
    using enum GradientTarget::Action;
    SlotId& slot = m_program.gradientSlots[at(id)];
    if (slot != kNone) {
        if (!shared) m_ledger.transient(Kind::Gradients, -made.bytes);
        return {AddInPlace, slot, kNone};
    }
    ResolvedTensor held = gradientOf(id);
    std::string owner = ownerOf(id, ".grad");
    slot = track(shared ? m_ledger.allocate(Kind::Gradients, std::move(held), std::move(owner))
                        : settle(Kind::Gradients, made, std::move(held), std::move(owner)),
                 kForever);
    return {shared ? StoreCopy : Store, slot, kNone};
}

GradientTarget Lowering::toActivation(ValueId id, SlotId sharedWith, MadeGradient made,
                                      Instruction& instruction) {
    using enum GradientTarget::Action;
    const SlotId present = m_gradients[at(id)];
    const bool shared = sharedWith != kNone;
    SlotId& slot = m_gradients[at(id)];
    ResolvedTensor held = tensor(m_program.valueSlots[at(id)]);
    std::string owner = ownerOf(id, ".grad");
    if (present == kNone) {
        slot =
            track(shared ? m_ledger.share(sharedWith, std::move(held), std::move(owner)) : settle(Kind::Activations, made, std::move(held), std::move(owner)), 1);
        return {Store, slot, kNone};
    }
    const bool isNew = !m_ledger.isAlone(present);
    if (isNew) {
        slot = track(m_ledger.allocate(Kind::Activations, std::move(held), std::move(owner)), 1);
        release(present, instruction);
    }
    if (!shared) m_ledger.transient(Kind::Activations, -made.bytes);
    return isNew ? GradientTarget{AddNew, slot, present} : GradientTarget{AddInPlace, slot, kNone};
}

/// The extra that is the gradient of this input but for its scale, where forward made it.
const Saved* Lowering::readyGradient(const Node& node, std::size_t input) const {
    const std::vector<Saved>& saves = m_analysis.saves[at(node.id)];
    const auto found = std::ranges::find(saves, static_cast<int>(input), &Saved::gradientOf);
    return found == saves.end() ? nullptr : &*found;
}

/// The gradient as the kernel makes it: in the type that it saw the input in; computed in fp32, a parameter's stays so.
MadeGradient Lowering::madeGradient(const Node& node, std::size_t input) const {
    if (const Saved* ready = readyGradient(node, input)) return {ready->extra.dtype, ready->extra.bytes()};
    const ResolvedTensor& seen = m_analysis.nodes[at(node.id)].inputs[input];
    const bool wide = m_options.emulatesBf16 && m_graph.value(node.inputs[input]).kind == ValueKind::Parameter;
    const graph::DType dtype = wide && seen.dtype == graph::DType::BF16 ? graph::DType::F32 : seen.dtype;
    return {dtype, seen.elements() * graph::byteSize(dtype)};
}

bool Lowering::isWanted(const Node& node, std::size_t input) const {
    return node.inputs[input] != kNone && m_analysis.wantsGradient[at(node.inputs[input])];
}

Kind Lowering::gradientKind(const Node& node, std::size_t input) const {
    return m_graph.value(node.inputs[input]).kind == ValueKind::Parameter ? Kind::Gradients : Kind::Activations;
}

/// What the kernel makes; what forward made already is no longer an extra but such a gradient.
void Lowering::makeGradients(const Node& node, Instruction& instruction) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (!isWanted(node, i) || isShared(node, i)) continue;
        if (const Saved* ready = readyGradient(node, i)) use(instruction.extras[static_cast<std::size_t>(ready->index)], instruction);
        m_ledger.transient(gradientKind(node, i), madeGradient(node, i).bytes);
    }
}

/// The kernel makes all wanted gradients; then they are handed on one by one, and each one's tensor goes at once.
void Lowering::handOn(const Node& node, Instruction& instruction) {
    makeGradients(node, instruction);
    instruction.inputGradients.reserve(node.inputs.size());
    work(workspaceOf(node).backward);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        GradientTarget target;
        if (isWanted(node, i) && gradientKind(node, i) == Kind::Gradients) {
            target = toParameter(node.inputs[i], isShared(node, i), madeGradient(node, i));
        } else if (isWanted(node, i)) {
            const SlotId sharedWith = isShared(node, i) ? instruction.outputGradients[0] : kNone;
            target = toActivation(node.inputs[i], sharedWith, madeGradient(node, i), instruction);
        }
        instruction.inputGradients.push_back(target);
    }
}

void Lowering::releaseAfterBackward(const Node& node, Instruction& instruction) {
    for (const Saved& saved : m_analysis.saves[at(node.id)]) {
        const auto index = static_cast<std::size_t>(saved.index);
        if (saved.from == Saved::From::Extra && m_uses[at(instruction.extras[index])] > 0) use(instruction.extras[index], instruction);
        if (saved.from == Saved::From::Output) use(instruction.outputs[index], instruction);
        if (saved.from == Saved::From::Input) {
            use(instruction.inputs[index], instruction);
            SlotId& cast = m_casts[at(node.inputs[index])];
            if (cast == instruction.inputs[index] && m_uses[at(cast)] == 0) cast = kNone;
        }
    }
    for (const SlotId slot : instruction.outputGradients)
        if (slot != kNone) release(slot, instruction);
}

void Lowering::updateComplete(const Node& node, Instruction& instruction) {
    for (const ValueId id : node.inputs) {
        if (id == kNone || !isTrained(id) || --m_contributions[at(id)] > 0) continue;
        instruction.updates.push_back(id);
        release(m_program.gradientSlots[at(id)], instruction);
    }
}

void Lowering::backward(const Node& node) {
    if (m_program.lossGradient == kNone) startBackward();
    Instruction instruction = begin(Instruction::What::Backward, node);
    readSaved(node, instruction);
    handOn(node, instruction);
    releaseAfterBackward(node, instruction);
    if (m_options.optimizerInBackward) updateComplete(node, instruction);
    finish(std::move(instruction));
}

Program Lowering::run() {
    m_program.mode = m_options.mode;
    m_program.gradients = m_options.gradients;
    m_program.extents = m_options.extents;
    m_program.precision = m_options.precision;
    reserve();
    placeGivenValues();
    if (m_options.optimizerInBackward) countContributions();
    m_program.liveBefore = m_ledger.live();
    for (const Scheduled& each : m_analysis.schedule) {
        const Node& node = m_graph.node(each.node);
        each.what == Instruction::What::Forward ? forward(node, each.again) : backward(node);
    }
    for (const ValueId id : m_graph.outputs()) m_program.kept.push_back(m_program.valueSlots[at(id)]);
    for (const ValueId id : m_options.keep) m_program.kept.push_back(m_program.valueSlots[at(id)]);
    return std::move(m_program);
}

}  // namespace

Program lower(const Graph& graph, const LowerOptions& options, const Analysis& analysis, Owners owners) {
    Program program = Lowering(graph, options, analysis, owners).run();
    if (options.mode == Mode::Training && !options.offload.empty()) moveOut(program, options.offload);
    return program;
}

Program lower(const Graph& graph, const LowerOptions& options) {
    return lower(graph, options, analyse(graph, options));
}

}  // namespace headroom::plan
